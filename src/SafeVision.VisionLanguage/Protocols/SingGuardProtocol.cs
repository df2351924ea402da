namespace SafeVision.VisionLanguage.Protocols;

/// <summary>Sing-Guard (arXiv 2606.22873): its own conversation template holds the prompt and takes the policy in a
/// variable, as blocks <c>### A. Title</c>. The answer is a line <c>safe</c> or <c>unsafe</c>, whose share is the
/// score, and the titles between <c>&lt;answer&gt;</c> tags. In comprehension mode it thinks before the tags, by
/// default only about what looks harmful at first (<c>fast-slow</c>), or always (<c>slow</c>, under <c>variables</c> in
/// the prompt file); the answer after the thought counts.</summary>
internal sealed class SingGuardProtocol : IGuardProtocol
{
    /// <summary>The template's variable for how the model answers.</summary>
    public const string Thinking = "thinking_type";

    private const string Fast = "fast", Slow = "slow", Unsure = "fast-slow";

    public string Name => "singguard";

    public string SafeEnding => "Safe</answer>";

    public CompiledProtocol Compile(ProtocolContext context)
    {
        string thinking = context.Mode == VisionLanguageMode.Fast ? Fast : context.Wording.Variable(Thinking) ?? Unsure;
        if (thinking is not (Fast or Slow or Unsure))
        {
            throw new Inference.ModelLoadException($"{context.Wording.Source}: '{Thinking}' is '{thinking}'; Sing-Guard knows {Fast}, {Unsure} and {Slow}.");
        }

        string[] names = AnswerNames.For(context.Policy, "Safe", context.Model);
        ProtocolCategory[] categories = [.. context.Policy.Categories.Select((category, i) => new ProtocolCategory(
            i, category, PromptText.Concat(PromptText.Trusted($"{PromptWording.Letter(i)}. "), PromptText.Untrusted(names[i]))))];
        var prompts = new ProtocolPrompts(context);
        var titles = new VerdictForm { Safe = "Safe", AfterSafe = "</answer>", Separator = "\n", AfterCategory = "</answer>" };
        bool thinks = thinking != Fast;
        return new VerdictAnswer(context, new CategoryNames(categories), new VerdictParts
        {
            Prompt = thinking == Slow ? null : Write(Fast),
            Form = titles with { Safe = "safe", AfterSafe = "\n<answer>", Unsafe = "unsafe", BeforeCategory = "\n<answer>" },
            Thinking = thinks ? Write(Slow) : null,
            Thought = thinks ? new ThoughtForm
            {
                First = new VerdictForm { Safe = "safe", Unsafe = "unsafe", AfterSafe = "\n" },
                Limits = prompts.ThoughtLimits("<answer>"),
                Verdict = titles,
            } : null,
        });

        ProtocolPrompt Write(string thinkingType) => prompts.WriteByVariable(
            "policy", categories, "Safe", new() { [Thinking] = PromptText.Trusted(thinkingType) });
    }
}
