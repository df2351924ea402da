using System.Text.Json.Nodes;

namespace SafeVision.Evaluation.Tests.Metrics;

/// <summary>Numbers that scikit-learn 1.9.1 and, for texts, rouge-score agree on. JSON null is "not defined", and then ours must be null too.</summary>
internal static class MetricGolden
{
    public const double Tolerance = 1e-9;

    private static readonly Lazy<JsonNode> Root = new(() => Read("metrics.json"));

    public static JsonNode Text => Root.Value["text"]!;

    public static JsonNode Read(string file) => JsonNode.Parse(File.ReadAllText(Repository.Fixture("metrics", file)))!;

    public static IEnumerable<string> Names(string kind) => Root.Value[kind]!.AsArray().Select(set => set!["name"]!.GetValue<string>());

    public static JsonNode Set(string kind, string name) => Root.Value[kind]!.AsArray().Single(set => set!["name"]!.GetValue<string>() == name)!;

    public static double[] Numbers(this JsonNode? node) => [.. node!.AsArray().Select(value => value!.GetValue<double>())];

    public static double[] Table(this JsonNode? node) => [.. node!.AsArray().SelectMany(row => row.Numbers())];

    public static int[] Integers(this JsonNode? node) => [.. node!.AsArray().Select(value => value!.GetValue<int>())];

    public static bool[] Flags(this JsonNode? node) => [.. node!.AsArray().Select(value => value!.GetValue<int>() == 1)];

    public static string[] Strings(this JsonNode? node) => [.. node!.AsArray().Select(value => value!.GetValue<string>())];

    /// <summary>Compares one number with the golden of a key, which must be there.</summary>
    public static void Matches(this JsonNode set, string key, double? actual)
    {
        Assert.True(set.AsObject().ContainsKey(key), $"no golden '{key}'");
        Same(set[key]?.GetValue<double>(), actual, key);
    }

    public static void Matches(this JsonNode set, string key, IEnumerable<double?> actual)
    {
        JsonArray expected = set[key]!.AsArray();
        double?[] values = [.. actual];
        Assert.Equal(expected.Count, values.Length);
        for (int i = 0; i < values.Length; i++)
        {
            Same(expected[i]?.GetValue<double>(), values[i], $"{key}[{i}]");
        }
    }

    public static void Matches(this JsonNode set, string key, IEnumerable<double> actual) => set.Matches(key, actual.Select(value => (double?)value));

    public static void Same(double? expected, double? actual, string what)
    {
        Assert.True(
            expected is null == actual is null && (expected is null || Math.Abs(expected.Value - actual!.Value) <= Tolerance),
            $"{what}: expected {expected?.ToString("R") ?? "null"}, got {actual?.ToString("R") ?? "null"}");
    }
}
