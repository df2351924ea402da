using SafeVision.Policies;

namespace SafeVision.Benchmarks.Answering;

/// <summary>Two policies that have nothing in common but their form.</summary>
internal static class Policies
{
    public static SafetyPolicy First { get; } = SafetyPolicy.Define("first", "1").Category(HarmCategory.Sexual).Category(HarmCategory.Self_Harm).Build();

    public static SafetyPolicy Second { get; } = SafetyPolicy.Define("second", "1").Category(HarmCategory.Animal_Cruelty).Category(HarmCategory.Criminal_Planning).Build();
}
