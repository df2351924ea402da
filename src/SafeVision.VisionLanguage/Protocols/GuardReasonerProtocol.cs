namespace SafeVision.VisionLanguage.Protocols;

/// <summary>GuardReasoner-VL (arXiv 2505.11049): it reasons first, between <c>&lt;think&gt;</c> tags, and then writes
/// <c>Request: harmful</c> or <c>unharmful</c> between <c>&lt;result&gt;</c> tags. It reads no policy and names no
/// category: it is asked only about policies' categories of the library's own taxonomy, or those that the prompt file
/// lists under <c>tokens</c>; each is covered in part, by name, and all get the same score. That score is no first
/// impression: it is taken after the reasoning.</summary>
internal sealed class GuardReasonerProtocol : IGuardProtocol
{
    private const string Harmful = "harmful";

    public string Name => "guardreasoner";

    public SafeVerdict SafeVerdict { get; } = new("unharmful", new(@"^\s*(Response:\s*\w{0,16}\s*)?</result>\s*$", RegexOptions.CultureInvariant));

    public CompiledProtocol Compile(ProtocolContext context)
    {
        ProtocolCategory[] categories = [.. context.Policy.Categories.Select((category, i) => new ProtocolCategory(i, category, PromptText.Trusted(Harmful)))
            .Where(category => context.Wording.Token(category.Category.Id) is not null || HarmCategory.TryParse(category.Category.Id, out _))];
        if (categories.Length == 0)
        {
            return new UnsupportedPolicyProtocol(context.Policy);
        }

        var prompts = new ProtocolPrompts(context);
        ProtocolPrompt prompt = prompts.Write("fast", categories, "unharmful");
        return new VerdictAnswer(context, new CategoryNames(categories), new VerdictParts
        {
            Thinking = prompt,
            Thought = new ThoughtForm
            {
                Opening = "<think>\n",
                Closing = "</think>",
                Limits = prompts.ThoughtLimits("<result>"),
                Verdict = new VerdictForm { Opening = "\nRequest:", Safe = " unharmful", AfterSafe = "\n", Unsafe = " harmful", BeforeCategory = null },
            },
        });
    }
}
