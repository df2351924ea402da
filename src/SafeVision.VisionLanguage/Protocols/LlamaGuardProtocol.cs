namespace SafeVision.VisionLanguage.Protocols;

/// <summary>Llama Guard 3 Vision and 4: the first line is <c>safe</c> or <c>unsafe</c>, the second of an unsafe image
/// lists the codes of its categories, <c>S1,S3</c>. It writes no reasons. By default the policy's categories stand in
/// the prompt as S1, S2, …; where the prompt file maps ids to codes, the model is taken to know only its own taxonomy
/// and only those are asked about.</summary>
internal sealed class LlamaGuardProtocol : IGuardProtocol
{
    public string Name => "llamaguard";

    public CompiledProtocol Compile(ProtocolContext context)
    {
        IEnumerable<ProtocolCategory> categories = context.Wording.CategoriesWithToken.Any()
            ? context.Policy.Categories.SelectMany((category, i) => context.Wording.Token(category.Id) is { } code
                ? new[] { new ProtocolCategory(i, category, PromptText.Trusted(code)) } : [])
            : context.Policy.Categories.Select((category, i) => new ProtocolCategory(
                i, category, PromptText.Trusted(string.Create(CultureInfo.InvariantCulture, $"S{i + 1}"))));
        ProtocolCategory[] asked = [.. categories];
        if (asked.Length == 0)
        {
            return new UnsupportedPolicyProtocol(context.Policy);
        }

        var names = new CategoryNames(asked, context.Wording.CategoriesWithToken.Select(id => context.Wording.Token(id)!));
        return new VerdictAnswer(context, names, new VerdictParts
        {
            Prompt = new ProtocolPrompts(context).Write("fast", asked, "safe"),
            Form = new VerdictForm { Safe = "safe", Unsafe = "unsafe", BeforeCategory = "\n", Separator = "," },
        });
    }
}
