using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>
/// Nemotron 3.5 Content Safety (NVIDIA): lines <c>User Safety: safe</c> or <c>unsafe</c> and <c>Safety Categories: name, name</c>. Its
/// conversation template takes the policy in <c>custom_policy</c>; where a template lacks that variable, the policy stands in the
/// user's turn, as in the model card's examples. In comprehension mode it thinks between <c>&lt;think&gt;</c> tags about what looks
/// harmful at first. Its maker trained it to write the names of its own taxonomy; of a policy's, only the verdict is its own, and the
/// names are what comes nearest.
/// </summary>
internal sealed class NemotronProtocol : IGuardProtocol
{
    /// <summary>The template's variable for whether categories are named.</summary>
    public const string Categories = "request_categories";

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
            "custom_policy", categories, PromptText.Trusted("safe"), new() { [Categories] = PromptText.Trusted("/categories"), ["enable_thinking"] = thinking }, elseInTurn: true);
    }
}
