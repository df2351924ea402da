namespace SafeVision.VisionLanguage.Protocols;

/// <summary>ShieldGemma 2 (arXiv 2504.01081): one question for each category, "does the image break this policy?",
/// answered with Yes or No. The score is the softmax over the two logits, as its model card computes it; every category
/// has its own. The checkpoint's own template holds the question and takes the policy alone; other models are asked in
/// words of our own.</summary>
internal sealed class ShieldGemmaProtocol : IGuardProtocol
{
    private const string PolicyMark = "SAFETY_POLICY>";

    // Its training had three policies: sexual content, violence, and what helps to do harm. The last is part of several categories here.
    private static readonly HashSet<string> s_trained = new([HarmCategory.Sexual.Id, HarmCategory.Violence_Harm_Cruelty.Id], StringComparer.OrdinalIgnoreCase);

    public string Name => "shieldgemma";

    public SafeVerdict SafeVerdict { get; } = new("no", SafeVerdict.Nothing, IsFirstToken: true);

    public CompiledProtocol Compile(ProtocolContext context)
    {
        var prompts = new ProtocolPrompts(context);
        (int[] yes, int[] no) = context.Profile.YesNo is { } ids ? ([ids.Yes], [ids.No]) : (context.Tokenizer.Encode("Yes"), context.Tokenizer.Encode("No"));
        bool asksItself = context.Wording.Has("policy") && context.Profile.Conversation.Writes(PolicyMark);
        ProtocolPrompt[] questions = prompts.WriteEach(asksItself ? "policy" : "fast", "No");
        CategoryCoverage[] coverage = [.. context.Policy.Categories.Select((category, i) => questions[i].Coverage.Of(category, "Yes", steersWeakly: asksItself))];
        return new CategoryQuestions(
            context,
            questions,
            asksItself ? [.. coverage.Select(AsTrained)] : coverage,
            [yes],
            [no],
            context.Mode == VisionLanguageMode.Comprehension ? prompts.ReasonLimits : null);
    }

    /// <summary>What the model reads is less than what it was trained on: other policies than its three are judged in part.</summary>
    private static CategoryCoverage AsTrained(CategoryCoverage read) =>
        s_trained.Contains(read.CategoryId) ? read : read with { Level = CoverageLevel.Partial };
}
