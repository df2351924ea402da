namespace SafeVision.Evaluation.Tests;

/// <summary>Files that stand beside the tests.</summary>
internal static class Repository
{
    /// <summary>The path of a fixture.</summary>
    public static string Fixture(params string[] parts) => Path.Combine([AppContext.BaseDirectory, "Fixtures", .. parts]);

    /// <summary>The path of one of the sample photographs.</summary>
    public static string Photo(string name) => Fixture("photos", name);
}
