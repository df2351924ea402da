namespace SafeVision.VisionLanguage.Served;

/// <summary>A guard that a server runs, asked in the form that it was trained on and answered in it: the prompts, the
/// grammar and the scores are those of the protocol of the same name, which the engine of this library uses too. Who
/// carries prompts and answers to and fro is not decided here. Immutable and thread-safe.</summary>
/// <remarks>The server is taken to write conversations in the checkpoint's own chat template. Protocols that rest on
/// added tokens, which servers leave out of their answers, are not among the names.</remarks>
public sealed class ServedGuard
{
    private readonly IGuardProtocol _protocol;
    private readonly PromptWording _wording;
    private readonly VisionLanguageMode _mode;

    private ServedGuard(IGuardProtocol protocol, PromptWording wording, VisionLanguageMode mode) => (_protocol, _wording, _mode) = (protocol, wording, mode);

    /// <summary>The names of the protocols that can be spoken with a server.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["singguard", "policyshiftguard", "qwenguard", "llavaguard", "shieldstral", "nemotron", "shieldgemma", "safeguard", "guardreasoner"];

    /// <summary>The protocol's name.</summary>
    public string Name => _protocol.Name;

    /// <summary>Finds a guard's protocol.</summary>
    /// <param name="name">One of <see cref="Names"/>, in any case.</param>
    /// <param name="mode">Whether the guard says why, where it was trained to.</param>
    /// <param name="promptFile">The text of a prompt file (<c>safevision-prompt.yaml</c>) with other words; null: the library's own.</param>
    /// <exception cref="ModelLoadException">There is no such protocol for servers, or the prompt file is not valid or for another one.</exception>
    public static ServedGuard Create(string name, VisionLanguageMode mode = VisionLanguageMode.Fast, string? promptFile = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!Names.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            throw new ModelLoadException($"No guard protocol '{name}' can be spoken with a server. Known are {string.Join(", ", Names)}.");
        }

        IGuardProtocol protocol = GuardProtocols.Find(name, nameof(ServedGuard));
        PromptWording wording = promptFile is null ? PromptWording.Default(protocol.Name) : PromptWording.Parse(promptFile, PromptWording.FileName);
        return GuardProtocols.TryFind(wording.Protocol) == protocol
            ? new ServedGuard(protocol, wording, mode)
            : throw new ModelLoadException($"{PromptWording.FileName}: the protocol is '{wording.Protocol}', and not '{protocol.Name}'.");
    }

    /// <summary>Makes a policy ready.</summary>
    /// <exception cref="ModelLoadException">The policy can't be put to the guard; the message says why.</exception>
    public ServedPolicy Compile(SafetyPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var conversation = new ServedConversation();
        var context = new ProtocolContext(policy, _mode, _protocol.Name, ServedConversation.Profile(conversation), ServedConversation.Tokenizer, _wording);
        return new ServedPolicy(policy, _protocol, _protocol.Compile(context), conversation);
    }
}

/// <summary>A policy as prompts for a served guard. Thread-safe.</summary>
public sealed class ServedPolicy
{
    private readonly SafetyPolicy _policy;
    private readonly IGuardProtocol _protocol;
    private readonly CompiledProtocol _compiled;
    private readonly ServedConversation _conversation;

    internal ServedPolicy(SafetyPolicy policy, IGuardProtocol protocol, CompiledProtocol compiled, ServedConversation conversation)
    {
        (_policy, _protocol, _compiled, _conversation) = (policy, protocol, compiled, conversation);
        Prompts = [.. compiled.Prompts.Select(conversation.PromptOf)];
    }

    /// <summary>What of each category the guard can judge, in the policy's order.</summary>
    public IReadOnlyList<CategoryCoverage> Coverage => _compiled.Coverage;

    /// <summary>All that is ever asked about one image, each at most once.</summary>
    public IReadOnlyList<ServedPrompt> Prompts { get; }

    /// <summary>Judges one image.</summary>
    /// <param name="ask">Puts a prompt with the image to the guard; called for one prompt at a time.</param>
    /// <param name="options">What is wanted of the answer.</param>
    /// <param name="cancellationToken">Ends it between two questions.</param>
    /// <returns>One assessment for each category, in the policy's order. A score is the guard's probability where its
    /// answer has those of its tokens, else what its words stand for (1 or 0); the reason says which.</returns>
    /// <exception cref="ModelOutputException">An answer is not of the guard's form, contradicts itself, or has numbers that are no probabilities.</exception>
    public async ValueTask<IReadOnlyList<CategoryAssessment>> AssessAsync(
        Func<ServedPrompt, CancellationToken, ValueTask<ServedAnswer>> ask, AssessOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ask);
        ArgumentNullException.ThrowIfNull(options);
        var model = new AnsweredModel(_conversation, ask, _protocol);
        GuardAnswer answer = await _compiled.JudgeAsync(options.Reasons ? model : new OcclusionMap.WordlessModel(model), options.OnReason, cancellationToken).ConfigureAwait(false);
        return new AnswerReport(_policy, Coverage, answer, highest: -1, map: null) { IsVerdict = !model.HasProbabilities }.Assessments();
    }
}
