namespace SafeVision.VisionLanguage.Protocols;

/// <summary>Nemotron 3.5 Content Safety (NVIDIA): lines <c>User Safety: safe</c> or <c>unsafe</c> and <c>Safety
/// Categories: name, name</c>. Its conversation template takes the policy's categories in <c>custom_taxonomy</c>, in
/// place of its own, and the guard answers with their names: a line for each, then a list of what is allowed (NVIDIA's
/// cookbook for custom policies). A template without that variable, or a prompt file without the form <c>taxonomy</c>,
/// is given the policy in <c>custom_policy</c>; where that is not read either, it stands in the user's turn, as in the
/// model card's examples. In comprehension mode it thinks between <c>&lt;think&gt;</c> tags about what looks harmful at
/// first. It was served with a text beside the image only, so one stands there.</summary>
internal sealed class NemotronProtocol : IGuardProtocol
{
    /// <summary>The template's variable for whether categories are named.</summary>
    public const string Categories = "request_categories";

    private const string Taxonomy = "custom_taxonomy", Policy = "custom_policy";

    private static readonly VerdictForm s_lines = new()
    {
        Opening = "User Safety:",
        Safe = " safe",
        Unsafe = " unsafe",
        BeforeCategory = "\nSafety Categories: ",
        Separator = ", ",
    };

    public string Name => "nemotron";

    public CompiledProtocol Compile(ProtocolContext context)
    {
        string[] names = AnswerNames.For(context.Policy, "safe", context.Model);
        ProtocolCategory[] categories = [.. context.Policy.Categories.Select((category, i) => new ProtocolCategory(i, category, PromptText.Untrusted(names[i])))];
        var prompts = new ProtocolPrompts(context);
        // The template refuses both at once.
        bool takesTaxonomy = context.Wording.Has("taxonomy") && context.Profile.Conversation.Reads(Taxonomy);
        bool thinks = context.Mode == VisionLanguageMode.Comprehension;
        return new VerdictAnswer(context, new CategoryNames(categories), new VerdictParts
        {
            Prompt = Write(false),
            Form = s_lines,
            Thinking = thinks ? Write(true) : null,
            Thought = thinks ? new ThoughtForm
            {
                Opening = "<think>\n",
                Limits = prompts.ThoughtLimits("</think>"),
                Verdict = s_lines with { Opening = "\n\nUser Safety:" },
            } : null,
        });

        ProtocolPrompt Write(bool thinking) => prompts.WriteByVariable(
            takesTaxonomy ? Taxonomy : Policy, categories, "safe",
            new() { [Categories] = PromptText.Trusted("/categories"), ["enable_thinking"] = thinking }, elseInTurn: true, takesTaxonomy ? "taxonomy" : "policy");
    }
}
