namespace SafeVision.Evaluation.Tests.Explanations;

/// <summary>Parts of results that tests of explanations do not look at.</summary>
internal static class Results
{
    public static Provenance NoProvenance { get; } = new()
    {
        Policy = "test",
        PolicyVersion = "1",
        PolicyHash = "",
        Models = [],
        Durations = new StageDurations(0, 0, 0),
    };
}
