namespace SafeVision.Extensions.AI.Chat;

/// <summary>A guard that is served elsewhere and spoken to over <see cref="IChatClient"/>: a cluster that runs vLLM,
/// Ollama, or a cloud. Images leave this machine for that server: re-encoded from their decoded pixels, reduced,
/// without names or metadata.</summary>
/// <remarks>Thread-safe where the client is. Whatever goes wrong is a failure, to which the policy's <c>onFailure</c>
/// applies: no answer or one that is cut off, filtered, refused or not of its form, and a budget that is used up.
/// Nothing is asked twice; a client can do that.</remarks>
public sealed class ChatClientEngine : IGuardrailEngine
{
    private readonly IChatClient _client;
    private readonly ChatProtocol _protocol;
    private readonly ChatClientEngineOptions _options;
    private readonly ChatBudget _budget;

    /// <summary>Creates the engine; nothing is asked before the first image.</summary>
    /// <param name="client">What is asked; it stays the caller's.</param>
    /// <param name="protocol">How it is asked.</param>
    /// <param name="options">Limits; null: the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public ChatClientEngine(IChatClient client, ChatProtocol protocol, ChatClientEngineOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(protocol);
        (_client, _protocol, _options) = (client, protocol, (options ?? new()).Validate());
        _budget = new ChatBudget(_options);
    }

    /// <inheritdoc />
    public string Name => "chat-client";

    /// <inheritdoc />
    public ValueTask<ICompiledPolicy> CompileAsync(SafetyPolicy policy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return new(new CompiledChatPolicy(policy, _client, _protocol, _options, _budget));
    }

    /// <summary>Ends the engine; the client stays the caller's.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>What asking a served model may cost.</summary>
public sealed class ChatClientEngineOptions
{
    /// <summary>The model that the server is asked for; null (the default): the client's own.</summary>
    public string? ModelId { get; set; }

    /// <summary>The longer side in pixels to which an image is reduced before it is sent, 64 to 4096. Default: 1024.</summary>
    public int LargestSide { get; set; } = 1024;

    /// <summary>The quality of the JPEG that is sent, 1 to 100. Default: 92.</summary>
    public int Quality { get; set; } = 92;

    /// <summary>The most tokens of one answer, 16 to 65,536; an answer that is cut off is a failure. Default: 1024.</summary>
    public int MaximumOutputTokens { get; set; } = 1024;

    /// <summary>The most calls for one image, all its frames together, 1 to 10,000. Default: 64.</summary>
    public int CallsPerImage { get; set; } = 64;

    /// <summary>The most calls at once, for all images together, 1 to 1024; others wait, within their image's time. A call that was
    /// left behind at a time-out counts until the client ends it. Default: 8.</summary>
    public int Concurrency { get; set; } = 8;

    /// <summary>The most calls in the engine's life; null (the default): no limit.</summary>
    public long? TotalCalls { get; set; }

    /// <summary>The most tokens in the engine's life, read and written, as the server counts them; where it does not
    /// count, a call can't be afforded and fails. Calls that are under way when it is reached end. Null (the default):
    /// no limit.</summary>
    public long? TotalTokens { get; set; }

    /// <summary>Changes what every call asks for, such as properties that a server knows; null: nothing.</summary>
    public Action<ChatOptions>? Configure { get; set; }

    /// <summary>Finds the tokens of an answer with their probabilities in what the client's own response says, for the
    /// scores of <see cref="ChatProtocol.Guard"/>. Where it is given, <c>logprobs</c> and <c>top_logprobs</c> stand in
    /// the request's additional properties; what it gives back may be empty. Null (the default): scores are what words
    /// stand for.</summary>
    public Func<ChatResponse, IReadOnlyList<ServedToken>>? ReadTokens { get; set; }

    /// <summary>Whether it is taken for granted that client and server pass <c>chat_template_kwargs</c> on to the chat
    /// template. False (the default): two short calls before the first image see whether the policy changes how many
    /// tokens the server counts, and nothing is judged where it doesn't. For guards whose template takes the policy
    /// alone.</summary>
    public bool TrustsTemplateVariables { get; set; }

    internal ChatClientEngineOptions Validate()
    {
        Require(LargestSide is >= 64 and <= 4096, nameof(LargestSide), "64 to 4096", LargestSide);
        Require(Quality is >= 1 and <= 100, nameof(Quality), "1 to 100", Quality);
        Require(MaximumOutputTokens is >= 16 and <= 65_536, nameof(MaximumOutputTokens), "16 to 65536", MaximumOutputTokens);
        Require(CallsPerImage is >= 1 and <= 10_000, nameof(CallsPerImage), "1 to 10000", CallsPerImage);
        Require(Concurrency is >= 1 and <= 1024, nameof(Concurrency), "1 to 1024", Concurrency);
        Require(TotalCalls is null or > 0, nameof(TotalCalls), "above 0", TotalCalls);
        Require(TotalTokens is null or > 0, nameof(TotalTokens), "above 0", TotalTokens);
        return (ChatClientEngineOptions)MemberwiseClone();
    }

    private static void Require(bool condition, string name, string range, object? value)
    {
        if (!condition)
        {
            throw new ArgumentException(FormattableString.Invariant($"{name} must be {range}, but is {value}."));
        }
    }
}
