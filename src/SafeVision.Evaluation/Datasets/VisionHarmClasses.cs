using SafeVision.Policies;

namespace SafeVision.Evaluation.Datasets;

/// <summary>The classes of the paper's two datasets by their numbers (arXiv 2510.23960); number 0 is the harmless one.</summary>
internal static class VisionHarmClasses
{
    /// <summary>VisionHarm-T: the nine built-in categories.</summary>
    public static IReadOnlyList<string> T { get; } = [HarmCategory.Safe.Id, .. HarmCategory.All.Select(category => category.Id)];

    /// <summary>VisionHarm-C. Its classes are finer than the built-in categories and carry their own names; Self_Harm is in both.</summary>
    public static IReadOnlyList<string> C { get; } =
    [
        "Normal", "Adult", "Adult_Baby", "Woman_Breast", "Sex_Organ", "Adult_Cartoon", "Grotesque", "Sexy", "Alcohol",
        "ID_Card", "Negative_Sign", "SNS", HarmCategory.Self_Harm.Id, "Shocking", "Violence",
    ];
}
