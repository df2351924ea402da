namespace SafeVision.VisionLanguage.Protocols;

/// <summary>The protocols that are known; a new one is a file and a line here.</summary>
internal static class GuardProtocols
{
    private static readonly SafeVisionProtocol s_safeVision = new();
    private static readonly InstructProtocol s_instruct = new();
    private static readonly SingGuardProtocol s_singGuard = new();
    private static readonly NemotronProtocol s_nemotron = new();
    private static readonly LlavaGuardProtocol s_llavaGuard = new();

    private static readonly IGuardProtocol[] s_all =
    [
        s_safeVision, s_instruct, s_llavaGuard, new ShieldGemmaProtocol(), new LlamaGuardProtocol(), s_singGuard, new PolicyShiftGuardProtocol(),
        new ShieldstralProtocol(), s_nemotron, new SafeGuardProtocol(), new GuardReasonerProtocol(), new NanoProtocol(),
    ];

    // As Mistral's checkpoints bring it.
    private const string SystemFile = "SYSTEM_PROMPT.txt";

    // Guards that were trained on another's form, word for word.
    private static readonly Dictionary<string, IGuardProtocol> s_aliases = new(StringComparer.OrdinalIgnoreCase) { ["qwenguard"] = s_llavaGuard };

    public static IEnumerable<string> Names => s_all.Select(protocol => protocol.Name);

    /// <exception cref="ModelLoadException">There is none of that name; the message lists those that there are.</exception>
    public static IGuardProtocol Find(string name, string source) => TryFind(name)
        ?? throw new ModelLoadException($"{source}: the guard protocol '{name}' is not known. Known are {string.Join(", ", Names.Concat(s_aliases.Keys))}.");

    /// <summary>The protocol that is asked for, or else that of the prompt file beside the model, or else its configuration's, or else the one that the model's tokens speak for; and its words.</summary>
    /// <param name="asked">The name that the options have; null: none.</param>
    public static (IGuardProtocol Protocol, PromptWording Wording) Choose(ModelConfiguration configuration, TextTokenizer tokenizer, VisionLanguageProfile profile, string? asked)
    {
        PromptWording? beside = PromptWording.Read(configuration);
        IGuardProtocol protocol = asked is not null ? Find(asked, nameof(VisionLanguageEngineOptions))
            : beside is not null ? Find(beside.Protocol, beside.Source)
            : profile.Protocol is { } trained ? Find(trained, profile.Family)
            : Guess(tokenizer, profile.Conversation);
        bool fits = beside is not null && Find(beside.Protocol, beside.Source) == protocol;
        PromptWording wording = fits ? beside! : PromptWording.Default(protocol.Name);
        return (protocol, protocol is ShieldstralProtocol && wording.System is null && configuration.Text(SystemFile) is { } system ? wording with { System = PromptText.Trusted(system.Trim()) } : wording);
    }

    /// <summary>Finds a protocol by its name, in any case; null where there is none.</summary>
    public static IGuardProtocol? TryFind(string name) =>
        Array.Find(s_all, protocol => protocol.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? s_aliases.GetValueOrDefault(name);

    /// <summary>The protocol of a model of which nothing is said: that of the guard whose variables its conversation
    /// template reads; the paper's where the tokenizer has its tokens; else plain questions.</summary>
    public static IGuardProtocol Guess(TextTokenizer tokenizer, ConversationTemplate? conversation = null) =>
        conversation?.Reads(SingGuardProtocol.Thinking) == true ? s_singGuard
        : conversation?.Reads(NemotronProtocol.Categories) == true ? s_nemotron
        : AnswerTokens.AreKnownTo(tokenizer) ? s_safeVision : s_instruct;
}

/// <summary>What a guard model was trained to be asked and to answer: prompt, grammar of the answer, scores.
/// Independent of the model's family. A protocol's facts stand in its file and nowhere else.</summary>
internal interface IGuardProtocol
{
    /// <summary>The name in the prompt file, options and provenance, such as <c>safevision</c>.</summary>
    string Name { get; }

    /// <summary>What a whole answer ends with behind a safe verdict, to which a served guard is held; null: nothing, or anything.</summary>
    string? SafeEnding => null;

    /// <summary>A safe verdict, and what a whole answer may go on with, to which a served guard is held: words behind a verdict can take it back; null: its form says it.</summary>
    SafeVerdict? SafeVerdict => null;

    /// <summary>Makes a policy ready: prompts, grammar, and what of the policy the protocol can honour.</summary>
    /// <exception cref="Inference.ModelLoadException">The model lacks what the protocol needs, such as its tokens.</exception>
    CompiledProtocol Compile(ProtocolContext context);
}

/// <summary>What a protocol compiles from.</summary>
/// <param name="Wording">The words and layout of the prompts: those beside the model, or the protocol's own.</param>
internal sealed record ProtocolContext(
    SafetyPolicy Policy,
    VisionLanguageMode Mode,
    string Model,
    VisionLanguageProfile Profile,
    TextTokenizer Tokenizer,
    PromptWording Wording);

/// <summary>A policy in the words and the grammar of one protocol. Thread-safe.</summary>
internal abstract class CompiledProtocol
{
    /// <summary>What of each category the protocol can judge, in the policy's order.</summary>
    public abstract IReadOnlyList<CategoryCoverage> Coverage { get; }

    /// <summary>Every prompt that is put to the model, with the image mark where the image stands.</summary>
    public abstract IReadOnlyList<GuardPrompt> Prompts { get; }

    /// <summary>Whether the model may write a thought before its verdict, which takes as long as a reason or longer.</summary>
    public virtual bool Thinks => false;

    /// <summary>Puts the questions about one image to the model.</summary>
    /// <param name="reason">Receives the reason while it is being written; null when nobody listens.</param>
    /// <returns>One answer for each category of the policy, in its order.</returns>
    /// <exception cref="Inference.ModelOutputException">The model gave values that are not finite.</exception>
    public abstract ValueTask<GuardAnswer> JudgeAsync(IGuardModel model, Action<string>? reason, CancellationToken cancellationToken);
}

/// <summary>A policy of which the model can express nothing: no question, and every category not assessed.</summary>
internal sealed class UnsupportedPolicyProtocol(SafetyPolicy policy) : CompiledProtocol
{
    public override IReadOnlyList<CategoryCoverage> Coverage { get; } = [.. policy.Categories.Select(PromptCoverage.None)];

    public override IReadOnlyList<GuardPrompt> Prompts => [];

    public override ValueTask<GuardAnswer> JudgeAsync(IGuardModel model, Action<string>? reason, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new GuardAnswer { Categories = new CategoryAnswer?[policy.Categories.Count] });
}

/// <summary>What a model said about one image.</summary>
internal sealed record GuardAnswer
{
    /// <summary>One answer for each category of the policy, in its order; null where the model was not asked about it.</summary>
    public required IReadOnlyList<CategoryAnswer?> Categories { get; init; }

    /// <summary>The probability of "nothing that the policy forbids", 0 to 1; null where the protocol has no such answer.</summary>
    public double? Safe { get; init; }

    /// <summary>The reason in the model's own words; null where it wrote none.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether the shares were taken after the model had reasoned: they then follow its words, and are near 0 or 1 more often than a first impression is.</summary>
    public bool IsAfterThought { get; init; }

    /// <summary>The position in the policy of the category that the reason is about; -1 when it names none.</summary>
    public int Primary { get; init; } = -1;
}

/// <summary>What a model said about one category.</summary>
/// <param name="Score">How likely the category applies, 0 to 1: what thresholds are compared with.</param>
/// <param name="Probability">The share that the model gave the category among all answers it could give, 0 to 1.</param>
internal readonly record struct CategoryAnswer(double Score, double Probability);

/// <summary>A model that looks at one image and can be asked about it. Thread-safe; dialogs are not.</summary>
internal interface IGuardModel
{
    /// <summary>Puts a prompt with the image to the model, up to where the answer begins.</summary>
    ValueTask<IGenerationSession> OpenAsync(GuardPrompt prompt, CancellationToken cancellationToken);

    /// <summary>Opens a prompt, uses the session and ends it.</summary>
    async ValueTask<T> UseAsync<T>(GuardPrompt prompt, Func<IGenerationSession, ValueTask<T>> use, CancellationToken cancellationToken)
    {
        IGenerationSession session = await OpenAsync(prompt, cancellationToken).ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
        {
            return await use(session).ConfigureAwait(false);
        }
    }
}

/// <summary>One answer in the making. Used by one caller at a time.</summary>
internal interface IGenerationSession : IAsyncDisposable
{
    /// <summary>How likely each of the choices is as what comes next; the session stays where it is.</summary>
    ValueTask<ChoiceScores> ChooseAsync(ChoiceSet choices, CancellationToken cancellationToken);

    /// <summary>Lets the model have said these tokens.</summary>
    ValueTask AppendAsync(ReadOnlyMemory<int> ids, CancellationToken cancellationToken);

    /// <summary>Lets the model write on, likeliest token first, until it ends its answer or a limit is met.</summary>
    /// <param name="limits">Where it ends.</param>
    /// <param name="text">Receives the text while it is being written; null when nobody listens.</param>
    /// <param name="cancellationToken">Ends the run within one step of the model.</param>
    ValueTask<WrittenText> WriteAsync(TextLimits limits, Action<string>? text, CancellationToken cancellationToken);
}
