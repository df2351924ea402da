namespace SafeVision.Evaluation.Reports;

/// <summary>Words and numbers as a report shows them.</summary>
internal static class ReportText
{
    public const int Longest = 600; // the most characters of a text that came from a dataset, a policy or a model

    private const int NameLength = 80;

    /// <summary>The text without what could mislead a reader: control characters and those that turn the direction of writing
    /// become U+FFFD, halves of a surrogate pair too; line breaks become spaces; what is very long is cut.</summary>
    public static string Clean(string? text, int longest = Longest)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "";
        }

        var clean = new StringBuilder(Math.Min(text.Length, longest));
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (clean.Length + rune.Utf16SequenceLength > longest)
            {
                return clean.Append('…').ToString();
            }

            clean.Append(rune.Value is '\n' or '\r' or '\t' ? " " : IsMisleading(rune) ? "\uFFFD" : rune.ToString());
        }

        return clean.ToString();
    }

    /// <summary>A name, cut where it would break a table.</summary>
    public static string Name(string? text) => Clean(text, NameLength);

    /// <summary>The number with as many digits as it is good for; a dash where it is undefined.</summary>
    public static string Number(double? number, MetricUnit unit)
    {
        if (number is not { } value || !double.IsFinite(value))
        {
            return "–";
        }

        return unit switch
        {
            MetricUnit.Milliseconds => $"{Digits(value, 3)} ms",
            MetricUnit.ImagesPerSecond or MetricUnit.Count => Digits(value, 3),
            _ => Math.Abs(value) is > 0 and < 0.001 ? Digits(value, 2) : value.ToString("0.000", CultureInfo.InvariantCulture),
        };
    }

    /// <summary>The number with its sign, for differences.</summary>
    public static string Difference(double? value, MetricUnit unit) => value > 0 ? $"+{Number(value, unit)}" : Number(value, unit);

    /// <summary>The interval; empty where there is none.</summary>
    public static string Interval(double? lower, double? upper, MetricUnit unit) =>
        lower is not null && upper is not null ? $"{Number(lower, unit)} to {Number(upper, unit)}" : "";

    /// <summary>What a number rests on: samples, or categories for a mean over these.</summary>
    public static string Support(string metric, int count)
    {
        string what = metric.StartsWith("macro", StringComparison.Ordinal) ? count == 1 ? "category" : "categories" : count == 1 ? "sample" : "samples";
        return $"{count.ToString(CultureInfo.InvariantCulture)} {what}";
    }

    /// <summary>What became of the images, in a sentence.</summary>
    public static string Decisions(DecisionCounts counts) =>
        $"Images: {counts.Allowed} allowed, {counts.Reviewed} sent to review, {counts.Blocked} blocked, {counts.Failed} could not be judged.";

    /// <summary>The start of a hash: enough to tell two apart.</summary>
    public static string Short(string hash) => hash.Length > 12 ? hash[..12] : hash;

    private static string Digits(double value, int significant)
    {
        if (value == 0)
        {
            return "0";
        }

        int decimals = Math.Clamp(significant - 1 - (int)Math.Floor(Math.Log10(Math.Abs(value))), 0, 9);
        return value.ToString($"F{decimals}", CultureInfo.InvariantCulture);
    }

    private static bool IsMisleading(Rune rune) => Rune.IsControl(rune)
        || rune.Value is 0xFFFE or 0xFFFF or 0x200E or 0x200F or 0x061C
        || rune.Value is (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069);
}

/// <summary>How a report says what its numbers rest on.</summary>
internal static partial class ReportIdentity
{
    /// <summary>Twelve hexadecimal digits that every number of a run carries: two numbers with the same are comparable as they stand.</summary>
    public static string Id(RunIdentity identity) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(identity, ReportJson.Default.RunIdentity)))[..12];

    /// <summary>One line with the starts of all hashes.</summary>
    public static string Line(RunIdentity identity) => ReportText.Clean(
        $"run {Id(identity)}; policy {ReportText.Name(identity.Policy)} {ReportText.Name(identity.PolicyVersion)} ({ReportText.Short(identity.PolicyHash)}); "
        + $"dataset {ReportText.Name(identity.Dataset)} {ReportText.Name(identity.DatasetVersion)} ({ReportText.Short(identity.DatasetHash)}), {identity.Samples} samples; "
        + $"models {string.Join(", ", identity.Models.Select(Model))}; transform {identity.Transform}; seed {identity.Seed}");

    /// <summary>A model's line with its hash cut to what tells it apart.</summary>
    public static string Model(string model) => WholeHash().Replace(model, match => match.Value[..12]);

    [GeneratedRegex("[0-9a-fA-F]{64}")]
    private static partial Regex WholeHash();
}
