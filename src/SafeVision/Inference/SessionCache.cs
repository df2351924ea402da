namespace SafeVision.Inference;

/// <summary>Loads each model once for each way of running it, however many ask at the same time. Thread-safe. Sessions
/// are shared with every other cache of the process that runs the same model in the same way; each lives until the last
/// of them is disposed.</summary>
public sealed class SessionCache : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<Task<SharedSession>>> _sessions = new();
    private readonly ConcurrentDictionary<string, Lazy<Task<IDisposable>>> _shared = new();
    private readonly ILogger _logger;
    private bool _disposed;

    /// <summary>Creates an empty cache.</summary>
    /// <param name="logger">Where fallbacks to another provider are reported as warnings.</param>
    public SessionCache(ILogger<SessionCache>? logger = null) => _logger = logger ?? NullLogger<SessionCache>.Instance;

    /// <summary>The session of a model, loaded now if it is not yet. Cancelling ends the caller's wait, not the loading.</summary>
    /// <exception cref="ExecutionProviderException">A required provider is not usable.</exception>
    /// <exception cref="ModelLoadException">ONNX Runtime can't load the model.</exception>
    internal async Task<ModelSession> GetAsync(ModelImage model, ExecutionOptions options, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        string key = $"{model.Identity}|{string.Join(',', options.Providers)}|{options.Required}|{options.Threads}|{options.SelfCheckTolerance}";
        Lazy<Task<SharedSession>> entry = _sessions.GetOrAdd(key, _ => new Lazy<Task<SharedSession>>(() => Task.Run(() => JoinAsync(key, model, options), CancellationToken.None)));
        return (await entry.Value.WaitAsync(cancellationToken).ConfigureAwait(false)).Session;
    }

    /// <summary>The session of an ONNX file with inputs of varying shape, loaded now if it is not yet. Cancelling ends
    /// the caller's wait, not the loading.</summary>
    /// <param name="file">The file.</param>
    /// <param name="name">The model's name, for errors and provenance.</param>
    /// <param name="options">Providers and threads.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ExecutionProviderException">A required provider is not usable.</exception>
    /// <exception cref="ModelLoadException">ONNX Runtime lacks an operator set or operator, or can't load the file; the message names it.</exception>
    public async Task<ModelSession> GetAsync(OnnxFile file, string name, ExecutionOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(options);
        return await GetAsync(file.Image(name), options.Validate(), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Something that is made of sessions and shared by all who ask by the same key; it is disposed with the
    /// cache, before the sessions. Cancelling ends the caller's wait, not the making. What failed is made anew by the
    /// next call.</summary>
    /// <typeparam name="T">What is shared; part of the key.</typeparam>
    public async Task<T> ShareAsync<T>(string key, Func<Task<T>> create, CancellationToken cancellationToken)
        where T : class, IDisposable
    {
        ArgumentNullException.ThrowIfNull(create);
        ObjectDisposedException.ThrowIf(_disposed, this);
        Lazy<Task<IDisposable>> entry = _shared.GetOrAdd($"{typeof(T).Name}|{key}", full => new Lazy<Task<IDisposable>>(() => Task.Run(async () =>
        {
            try
            {
                return (IDisposable)await create().ConfigureAwait(false);
            }
            catch
            {
                _shared.TryRemove(full, out _); // a later call may find the files mended
                throw;
            }
        })));
        return (T)await entry.Value.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<SharedSession> JoinAsync(string key, ModelImage model, ExecutionOptions options)
    {
        try
        {
            SharedSession shared = await SharedSession.JoinAsync(key, model.Check, () => Load(model, options)).ConfigureAwait(false);
            if (shared.Session.Provider is { IsFallback: true } selection)
            {
                SessionLog.Fallback(_logger, model.Name, selection.Selected.Name, string.Join("; ", selection.Rejections));
            }

            return shared;
        }
        catch
        {
            _sessions.TryRemove(key, out _); // a later call may find the file mended
            throw;
        }
    }

    private static ModelSession Load(ModelImage model, ExecutionOptions options)
    {
        var rejections = new List<string>();
        foreach (ExecutionProvider provider in options.Providers)
        {
            using SessionOptions sessionOptions = CreateOptions(model, options);
            string? rejection = ProviderCatalog.TryAppend(sessionOptions, provider);
            if (rejection is null && Open(model, sessionOptions, provider, out rejection) is { } session)
            {
                rejection = provider == ExecutionProvider.Cpu ? null : SelfCheck(model, session, options);
                if (rejection is null)
                {
                    return new ModelSession(session, new ProviderSelection(options.Providers, provider, rejections), model.Name);
                }

                session.Dispose();
            }

            if (options.Required)
            {
                throw new ExecutionProviderException($"The required execution provider can't be used for {model.Name}. {rejection}.");
            }

            rejections.Add(rejection!);
        }

        throw new ExecutionProviderException(
            $"No execution provider of the list can be used for {model.Name}: {string.Join("; ", rejections)}. Add ExecutionProvider.Cpu at the end of the list to fall back to the processor.");
    }

    private static SessionOptions CreateOptions(ModelImage model, ExecutionOptions options)
    {
        SessionOptions sessionOptions = OnnxRuntime.CreateOptions();
        sessionOptions.IntraOpNumThreads = options.Threads ?? Environment.ProcessorCount;
        sessionOptions.InterOpNumThreads = 1;
        sessionOptions.ExecutionMode = ExecutionMode.ORT_SEQUENTIAL;
        sessionOptions.GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL;
        sessionOptions.EnableMemoryPattern = !model.HasVaryingShapes;

        // An arena keeps the most that its model ever used. Where shapes are fixed, a run takes one block whose size is known,
        // which the C library hands out as fast, and gives back when nothing is judged.
        sessionOptions.EnableCpuMemArena = model.HasVaryingShapes;
        sessionOptions.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR;

        if (model.HasVaryingShapes && sessionOptions.IntraOpNumThreads > 1)
        {
            // A token is hundreds of short operators, between which waking a thread takes longer than it would wait: it spins
            // for so long, sleeps afterwards, and never spins outside a run, so that an idle host keeps no core busy.
            sessionOptions.AddSessionConfigEntry("session.intra_op.spin_duration_us", "50");
            sessionOptions.AddSessionConfigEntry("session.force_spinning_stop", "1");
        }
        else
        {
            // Several networks take turns on the same cores; a pool that spins takes the time from the next.
            sessionOptions.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        }

        if (model.HasVaryingShapes)
        {
            // It is of use to convolutional networks alone, and ONNX Runtime 1.31.1 crashes the process in it where a graph
            // transposes an input of 64-bit integers, as decoders do with positions.
            sessionOptions.AddSessionConfigEntry("optimization.disable_specified_optimizers", "NchwcTransformer");
        }

        if (model.Path is null)
        {
            // A model from memory may say that weights lie in other files, which nobody checked; ONNX Runtime would look
            // for them in the working directory. Nothing lies below the null device.
            sessionOptions.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", OperatingSystem.IsWindows() ? @"\\.\NUL" : "/dev/null");
        }

        return sessionOptions;
    }

    private static InferenceSession? Open(ModelImage model, SessionOptions options, ExecutionProvider provider, out string? rejection)
    {
        rejection = null;
        try
        {
            if (model.Bytes is { } bytes)
            {
                return OnnxRuntime.Open(bytes(), options);
            }

            model.Check?.Invoke();
            return OnnxRuntime.Open(model.Path!, options);
        }
        catch (OnnxRuntimeException exception) when (provider != ExecutionProvider.Cpu)
        {
            rejection = $"{provider.Name}: {exception.Message}";
            return null;
        }
        catch (OnnxRuntimeException exception)
        {
            throw new ModelLoadException($"{model.Path ?? model.Name}: ONNX Runtime {OnnxRuntime.Version} can't load it. {exception.Message}{OnnxRuntimeSupport.Advice(exception.Message)}", exception);
        }
    }

    /// <summary>Compares the provider's outputs with the processor's on the model's golden inputs.</summary>
    private static string? SelfCheck(ModelImage model, InferenceSession session, ExecutionOptions options)
    {
        if (model.Probe is null)
        {
            return null;
        }

        using SessionOptions cpuOptions = CreateOptions(model, options);
        using InferenceSession reference = Open(model, cpuOptions, ExecutionProvider.Cpu, out _)!;
        double difference = ProviderSelfCheck.RelativeDifference(model.Probe(reference), model.Probe(session));
        return difference <= options.SelfCheckTolerance
            ? null
            : $"its outputs on the golden inputs differ from the processor's by {difference:P1} (at most {options.SelfCheckTolerance:P1} is accepted)";
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _disposed = true;
        DisposeAll(_shared.Values);
        _shared.Clear();
        DisposeAll(_sessions.Values);
        _sessions.Clear();
    }

    private static void DisposeAll<T>(IEnumerable<Lazy<Task<T>>> entries)
        where T : IDisposable
    {
        foreach (Lazy<Task<T>> entry in entries)
        {
            if (entry.IsValueCreated)
            {
                entry.Value.ContinueWith(
#pragma warning disable RS0030 // It is complete, so nothing waits.
                    static made => made.Result.Dispose(),
#pragma warning restore RS0030
                    CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
    }
}

internal static partial class SessionLog
{
    [LoggerMessage(1, LogLevel.Warning, "{Model} runs on {Provider}, not on the provider asked for first: {Reasons}")]
    public static partial void Fallback(ILogger logger, string model, string provider, string reasons);
}
