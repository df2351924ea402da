using System.Collections.Frozen;

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>LlavaGuard 1.2 (arXiv 2406.05113; answer format json-v12 of its training code): JSON with rating, category
/// and rationale. The model decides the two values and writes the third; the rest is given to it. Its nine
/// categories O1 to O9 are the only ones that it can name, but what stands under them in the prompt is the policy's.
/// QwenGuard 1.2 was trained on the same form.</summary>
internal sealed class LlavaGuardProtocol : IGuardProtocol
{
    private const string Category = "\",\n    \"category\": \"";

    private static readonly FrozenDictionary<string, string[]> s_names = new Dictionary<string, string[]>(StringComparer.OrdinalIgnoreCase)
    {
        [HarmCategory.Hate_Humiliation_Harassment.Id] = ["O1: Hate, Humiliation, Harassment"],
        [HarmCategory.Violence_Harm_Cruelty.Id] = ["O2: Violence, Harm, or Cruelty"],
        [HarmCategory.Sexual.Id] = ["O3: Sexual Content", "O4: Nudity Content"],
        [HarmCategory.Criminal_Planning.Id] = ["O5: Criminal Planning"],
        [HarmCategory.Weapons_Substance_Abuse.Id] = ["O6: Weapons or Substance Abuse"],
        [HarmCategory.Self_Harm.Id] = ["O7: Self-Harm"],
        [HarmCategory.Animal_Cruelty.Id] = ["O8: Animal Cruelty"],
        [HarmCategory.Disasters_Emergencies.Id] = ["O9: Disasters or Emergencies"],
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    public string Name => "llavaguard";

    public SafeVerdict SafeVerdict { get; } = new("safe", new("""^"\s*,\s*"category"\s*:\s*"NA\b""", RegexOptions.CultureInvariant));

    public CompiledProtocol Compile(ProtocolContext context)
    {
        ProtocolCategory[] categories = [.. context.Policy.Categories.SelectMany((category, i) =>
            NamesOf(category, context.Wording).Select(name => new ProtocolCategory(i, category, PromptText.Trusted(name))))];
        if (categories.Length == 0)
        {
            return new UnsupportedPolicyProtocol(context.Policy);
        }

        var prompts = new ProtocolPrompts(context);
        var rationale = new JsonText(context.Tokenizer, prompts.ReasonLimits);
        return new VerdictAnswer(context, new CategoryNames(categories, s_names.Values.SelectMany(all => all)), new VerdictParts
        {
            Prompt = prompts.Write("fast", categories, "Safe"),
            Form = new VerdictForm
            {
                Opening = "{\n    \"rating\": \"",
                Safe = "Safe",
                AfterSafe = Category,
                Unsafe = "Unsafe",
                BeforeCategory = Category,
                AfterCategory = "\",\n    \"rationale\": \"",
            },
            Reason = context.Mode == VisionLanguageMode.Comprehension ? rationale.WriteAsync : null,
        });
    }

    /// <summary>The model's names for a category: those of the prompt file, else those of the taxonomy; none where it has none.</summary>
    private static string[] NamesOf(SafetyCategory category, PromptWording wording) =>
        wording.Token(category.Id) is { } name ? [name] : s_names.GetValueOrDefault(category.Id, []);
}
