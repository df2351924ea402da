namespace SafeVision.VisionLanguage.Protocols;

/// <summary>PolicyShiftGuard (arXiv 2607.05910): the policy's categories in blocks with two-digit numbers, answered
/// with <c>true | 02 | reason</c> or <c>false | reason</c>; in fast mode without the reason, which is a form that it
/// was trained on too. It names one category, the first that is violated.</summary>
internal sealed class PolicyShiftGuardProtocol : IGuardProtocol
{
    private const int MostCategories = 99;

    public string Name => "policyshiftguard";

    public CompiledProtocol Compile(ProtocolContext context)
    {
        if (context.Policy.Categories.Count > MostCategories)
        {
            throw new Inference.ModelLoadException($"{context.Model}: the policy '{context.Policy.Name}' has {context.Policy.Categories.Count} categories; PolicyShiftGuard numbers at most {MostCategories}. Split the policy.");
        }

        bool explains = context.Mode == VisionLanguageMode.Comprehension;
        string? bar = explains ? " | " : null;
        ProtocolCategory[] categories = [.. context.Policy.Categories.Select((category, i) =>
            new ProtocolCategory(i, category, PromptText.Trusted((i + 1).ToString("00", CultureInfo.InvariantCulture))))];
        var prompts = new ProtocolPrompts(context);
        return new VerdictAnswer(context, new CategoryNames(categories), new VerdictParts
        {
            Prompt = prompts.Write(explains ? "comprehension" : "fast", categories, "false"),
            Form = new VerdictForm { Safe = "false", AfterSafe = bar, Unsafe = "true", BeforeCategory = " | ", AfterCategory = bar },
            Reason = explains
                ? async (session, listener, cancellationToken) => (await session.WriteAsync(prompts.ReasonLimits, listener, cancellationToken).ConfigureAwait(false)).Text
                : null,
        });
    }
}
