using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using SafeVision.Evaluation.Runs;

namespace SafeVision.Evaluation.Reports;

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
