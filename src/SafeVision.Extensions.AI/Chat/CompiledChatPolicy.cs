namespace SafeVision.Extensions.AI.Chat;

/// <summary>A policy as questions for a served model.</summary>
internal sealed class CompiledChatPolicy : ICompiledPolicy
{
    private readonly IChatClient _client;
    private readonly ChatClientEngineOptions _options;
    private readonly ChatBudget _budget;
    private readonly ChatJudge _judge;
    private readonly Lock _gate = new();
    private TaskCompletionSource<ModelOutputException?>? _probe; // under way
    private volatile bool _reaches;

    public CompiledChatPolicy(SafetyPolicy policy, IChatClient client, ChatProtocol protocol, ChatClientEngineOptions options, ChatBudget budget)
    {
        (_client, _options, _budget, _judge) = (client, options, budget, protocol.Prepare(policy));
        ChatClientMetadata? metadata = client.GetService<ChatClientMetadata>();
        string model = options.ModelId ?? metadata?.DefaultModelId ?? "unnamed";
        // The weights can't be seen from here; what can be is what is asked, and of whom.
        string asks = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', Prompts.Prepend(model)))));
        Models = [new ModelProvenance("chat-client", model, asks, $"{metadata?.ProviderName ?? "chat"} at {metadata?.ProviderUri?.Host ?? "an unnamed host"}, protocol {protocol.Name}", null)];
    }

    public IReadOnlyList<CategoryCoverage> Coverage => _judge.Coverage;

    public IReadOnlyList<ModelProvenance> Models { get; }

    public int ShortSide => _options.LargestSide;

    public IReadOnlyList<string> Prompts => _judge.Prompts;

    public async ValueTask<IReadOnlyList<FrameAssessment>> AssessAsync(IReadOnlyList<ImageFrame> frames, AssessOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentNullException.ThrowIfNull(options);
        if ((long)frames.Count * Prompts.Count > _options.CallsPerImage)
        {
            throw new ModelOutputException($"The image needs {(long)frames.Count * Prompts.Count} calls of the chat client; at most {_options.CallsPerImage} are made for one (CallsPerImage).");
        }

        await RequireReachAsync(cancellationToken).ConfigureAwait(false);
        var assessed = new FrameAssessment[frames.Count];
        for (int i = 0; i < assessed.Length; i++)
        {
            var call = new ChatCall(_client, _options, _budget, new DataContent(FrameJpeg.Encode(frames[i], _options.LargestSide, _options.Quality), "image/jpeg"));
            assessed[i] = new FrameAssessment(await _judge.AssessAsync(call, options, cancellationToken).ConfigureAwait(false)) { Usage = call.Usage };
        }

        return assessed;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Images that arrive together wait for one probe and share what came of it; where its image is cancelled another one
    /// probes, and after a failure the next image does.</summary>
    private async Task RequireReachAsync(CancellationToken cancellationToken)
    {
        while (!_reaches)
        {
            var own = new TaskCompletionSource<ModelOutputException?>(TaskCreationOptions.RunContinuationsAsynchronously);
            TaskCompletionSource<ModelOutputException?> probe;
            lock (_gate)
            {
                probe = _probe ??= own;
            }

            if (probe != own)
            {
                if (await probe.Task.WaitAsync(cancellationToken).ConfigureAwait(false) is { } failure)
                {
                    throw new ModelOutputException(failure.Message, failure);
                }

                continue;
            }

            ModelOutputException? failed = null;
            try
            {
                await _judge.RequireReachAsync(new ChatCall(_client, _options, _budget, null), cancellationToken).ConfigureAwait(false);
                _reaches = true;
            }
            catch (ModelOutputException exception)
            {
                failed = exception;
                throw;
            }
            finally
            {
                lock (_gate)
                {
                    _probe = null;
                }

                own.SetResult(failed);
            }
        }
    }
}
