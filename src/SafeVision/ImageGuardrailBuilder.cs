using SafeVision.Engines.ClosedSet;

namespace SafeVision;

/// <summary>Composes a guardrail: a policy, one or more engines, and how they run. Not thread-safe; used once.</summary>
public sealed class ImageGuardrailBuilder
{
    private readonly List<Func<EngineContext, IGuardrailEngine>> _engines = [];
    private readonly ExecutionOptions _execution = new();
    private readonly ImageDecodeOptions _images = new();
    private SafetyPolicy? _policy;
    private string? _policyFile;
    private bool _reloadPolicy;
    private IImageDecoder? _decoder;
    private TimeSpan? _timeout;
    private TimeSpan _usualTimeout = TimeSpan.FromSeconds(30);
    private int? _concurrency;
    private int? _waiting;
    private long _decodedBytes = 256L << 20;
    private string _name = "default";
    private ILoggerFactory _loggers = NullLoggerFactory.Instance;
    private TimeProvider _clock = TimeProvider.System;
    private SessionCache? _sharedSessions;

    /// <summary>Judges by this policy.</summary>
    public ImageGuardrailBuilder UsePolicy(SafetyPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return With(() => (_policy, _policyFile) = (policy, null));
    }

    /// <summary>Judges by the policy in a file.</summary>
    /// <param name="path">A YAML or JSON file.</param>
    /// <param name="reloadOnChange">Whether a change of the file takes effect while the host runs. A file that became
    /// invalid is reported (in the log and in <see cref="GuardrailStatus.PolicyUpdateError"/>) and the old policy stays
    /// in force. Default: true.</param>
    public ImageGuardrailBuilder UsePolicyFile(string path, bool reloadOnChange = true)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return With(() => (_policy, _policyFile, _reloadPolicy) = (null, Path.GetFullPath(path), reloadOnChange));
    }

    /// <summary>Adds an engine. Engines are asked in the order they were added; each later one only about what the earlier ones did
    /// not cover or were unsure of.</summary>
    /// <param name="create">Makes the engine; called when the guardrail is built.</param>
    /// <param name="usualTimeout">The time that one image may take with this engine where <see cref="WithTimeout"/>
    /// says nothing; the longest of all engines counts. Null: 30 seconds.</param>
    public ImageGuardrailBuilder UseEngine(Func<EngineContext, IGuardrailEngine> create, TimeSpan? usualTimeout = null)
    {
        ArgumentNullException.ThrowIfNull(create);
        _engines.Add(create);
        _usualTimeout = usualTimeout > _usualTimeout ? usualTimeout.Value : _usualTimeout;
        return this;
    }

    /// <summary>Adds a classifier of your own, from its folder on disk.</summary>
    /// <param name="classifier">The folder of an image classifier with its <c>manifest.json</c>.</param>
    /// <param name="taxonomy">What words mean, such as <c>DefaultModels.Taxonomy</c> of the package SafeVision.Models.
    /// Where the classifier's labels are those of a known set, they have its reviewed meanings; else their names are
    /// read as words, and a label whose name is no known word is meant by that exact name alone. Null: every label is
    /// meant by its exact name. In any case those count that the manifest maps to a category.</param>
    public ImageGuardrailBuilder UseClassifier(string classifier, ModelPackage? taxonomy = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(classifier);
        return UseEngine(context => new ClassifierEngine([ModelPackage.Open(classifier)], taxonomy, new ClassifierEngineOptions(), context));
    }

    /// <summary>Decodes images with another decoder than the built-in one.</summary>
    public ImageGuardrailBuilder UseDecoder(IImageDecoder decoder)
    {
        ArgumentNullException.ThrowIfNull(decoder);
        return With(() => _decoder = decoder);
    }

    /// <summary>Runs the models on the first of these providers that is usable here. A fallback is logged as a warning and stands
    /// in every result's provenance.</summary>
    public ImageGuardrailBuilder PreferExecutionProviders(params ReadOnlySpan<ExecutionProvider> providers)
    {
        ExecutionProvider[] wanted = providers.ToArray();
        return With(() => (_execution.Providers, _execution.Required) = (wanted, false));
    }

    /// <summary>Runs the models on this provider or not at all.</summary>
    public ImageGuardrailBuilder RequireExecutionProvider(ExecutionProvider provider) =>
        With(() => (_execution.Providers, _execution.Required) = ([provider], true));

    /// <summary>Sets threads and the provider check.</summary>
    public ImageGuardrailBuilder ConfigureExecution(Action<ExecutionOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return With(() => configure(_execution));
    }

    /// <summary>Sets limits, background and the number of frames sampled from animations.</summary>
    public ImageGuardrailBuilder ConfigureImages(Action<ImageDecodeOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return With(() => configure(_images));
    }

    /// <summary>The time one image may take, waiting for its turn included; then the policy's <c>onFailure</c> applies. Above 0, or
    /// <see cref="Timeout.InfiniteTimeSpan"/>. Default: 30 seconds, or more with an engine that usually takes longer.</summary>
    public ImageGuardrailBuilder WithTimeout(TimeSpan timeout) => With(() => _timeout = timeout);

    /// <summary>How many images are judged at once, at least 1; others wait. Default: twice the machine's cores. They share threads
    /// of the library's own, at most one for each core, or two.</summary>
    public ImageGuardrailBuilder WithMaxConcurrency(int images) => With(() => _concurrency = images);

    /// <summary>How many images may wait for their turn, at least 0; the answer to one more comes at once: failure reason
    /// <see cref="FailureReason.Busy"/> and the policy's <c>onFailure</c>. Images judged in the background, as those of
    /// <see cref="IImageGuardrail.CheckManyAsync"/>, do not count: whoever submits them waits. Default: ten times the limit of
    /// <see cref="WithMaxConcurrency"/>.</summary>
    public ImageGuardrailBuilder WithMaxWaiting(int images) => With(() => _waiting = images);

    /// <summary>How much memory decoded images may take together, in bytes, at least 1; others wait with their files read. One
    /// image alone may take more, within <see cref="ImageLimits.MaxPixels"/>. Default: 256 MiB.</summary>
    public ImageGuardrailBuilder WithMaxDecodedBytes(long bytes) => With(() => _decodedBytes = bytes);

    /// <summary>Where fallbacks, engine errors and refused policy changes are logged.</summary>
    public ImageGuardrailBuilder UseLoggerFactory(ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(loggers);
        return With(() => _loggers = loggers);
    }

    /// <summary>The clock for time-outs and durations.</summary>
    public ImageGuardrailBuilder UseTimeProvider(TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        return With(() => _clock = clock);
    }

    internal ImageGuardrailBuilder Named(string name) => With(() => _name = name);

    internal ImageGuardrailBuilder ShareSessions(SessionCache sessions) => With(() => _sharedSessions = sessions);

    private ImageGuardrailBuilder With(Action change)
    {
        change();
        return this;
    }

    internal IImageGuardrail Build()
    {
        Validate();
        SafetyPolicy initial = _policy ?? SafetyPolicy.FromFile(_policyFile!);
        SessionCache sessions = _sharedSessions ?? new SessionCache(_loggers.CreateLogger<SessionCache>());
        var context = new EngineContext(sessions, _execution.Validate());
        TimeSpan timeout = _timeout ?? _usualTimeout;
        int atOnce = _concurrency ?? 2 * Environment.ProcessorCount;
        IGuardrailEngine[] parts = [.. _engines.Select(create => create(context))];

        IImageGuardrail guardrail = new ImageGuardrail(new GuardrailParts
        {
            Policy = initial,
            Engine = parts.Length == 1 ? parts[0] : new CascadeEngine(parts),
            Decoder = _decoder ?? new SkiaImageDecoder(),
            ImageOptions = _images.ForShortSide(_images.TargetShortSide),
            Timeout = timeout,
            Limits = new QueueLimits(atOnce, _waiting ?? 10 * atOnce, _decodedBytes),
            Clock = _clock,
            Logger = _loggers.CreateLogger<ImageGuardrail>(),
            Owned = _sharedSessions is null ? sessions : null,
        });
        guardrail = new TelemetryGuardrail(guardrail, _name);
        return _reloadPolicy && _policyFile is not null
            ? new PolicyFileGuardrail(guardrail, _policyFile, _clock, _loggers.CreateLogger<ImageGuardrail>())
            : guardrail;
    }

    private void Validate()
    {
        if (_policy is null && _policyFile is null)
        {
            throw new ArgumentException("A guardrail needs a policy: call UsePolicy or UsePolicyFile.");
        }

        if (_engines.Count == 0)
        {
            throw new ArgumentException("A guardrail needs an engine: call UseDefaultModels (package SafeVision.Models), UseVisionLanguageModel (package SafeVision.VisionLanguage), UseClassifier or UseEngine.");
        }

        if (_timeout is { } timeout && timeout != Timeout.InfiniteTimeSpan && (timeout <= TimeSpan.Zero || timeout > TimeSpan.FromDays(1)))
        {
            throw new ArgumentException($"The time-out must be above 0 and at most a day, or infinite, but is {timeout}.");
        }

        if (_concurrency is < 1)
        {
            throw new ArgumentException($"At least one image must be judged at once, but the limit is {_concurrency}.");
        }

        if (_waiting is < 0 || _decodedBytes < 1)
        {
            throw new ArgumentException($"The limit on waiting images must be at least 0 and the one on decoded bytes at least 1, but they are {_waiting} and {_decodedBytes}.");
        }
    }
}
