namespace SafeVision.Conversion.Tests;

/// <summary>Files beside the tests.</summary>
internal static class Fixture
{
    public static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", name);

    public static string Model(string name) => Path.Combine(AppContext.BaseDirectory, "models", name);
}
