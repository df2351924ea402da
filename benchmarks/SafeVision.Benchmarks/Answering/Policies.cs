using SafeVision.Policies;

namespace SafeVision.Benchmarks.Answering;

/// <summary>
/// Two policies that have nothing in common but their form. One category each: the small tokenizer of a made checkpoint cuts
/// words into more tokens than a real one, so that the text has to three tiles about the ratio that the paper's prompt of nine
/// categories (1200 to 1400 tokens) has to seven.
/// </summary>
internal static class Policies
{
    public static SafetyPolicy First { get; } = SafetyPolicy.Define("first", "1").Category(HarmCategory.Sexual).Build();

    public static SafetyPolicy Second { get; } = SafetyPolicy.Define("second", "1").Category(HarmCategory.Animal_Cruelty).Build();
}
