using SafeVision.Evaluation.Symbols.Icons;
using SafeVision.Policies;

namespace SafeVision.Evaluation.Symbols;

/// <summary>The policies that VisionHarm-S is labelled by.</summary>
internal static class SymbolPolicies
{
    /// <summary>The nine built-in categories, unchanged: those of VisionHarm-T.</summary>
    public static SafetyPolicy Nine { get; } = CreateNine();

    /// <summary>Nine categories that no model was trained for, such as Alcohol, Gambling and Religion.</summary>
    public static SafetyPolicy Novel { get; } = SafetyPolicy.Parse(NovelText, "visionharm-s-novel.yaml");

    /// <summary><see cref="Novel"/> as a file.</summary>
    internal static string NovelText => EmbeddedData.ReadText("policies/visionharm-s-novel.yaml");

    /// <summary>The ids of all categories, the nine first.</summary>
    internal static IReadOnlyList<string> Categories { get; } = [.. Nine.Categories.Concat(Novel.Categories).Select(category => category.Id)];

    private static SafetyPolicy CreateNine()
    {
        SafetyPolicyBuilder builder = SafetyPolicy.Define("visionharm-t", "1");
        foreach (HarmCategory category in HarmCategory.All)
        {
            builder.Category(category);
        }

        return builder.Build();
    }
}
