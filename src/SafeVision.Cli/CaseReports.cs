// SafeVision.Cli: the safevision command. CommandLine lists the commands, a file each (…Command); SharedOptions and ModelOption are options that
// several have; UsageMistake and CommandErrors turn mistakes into messages and exit codes; Output/ writes tables, JSON and reports.

using System.Xml.Linq;

namespace SafeVision.Cli;

/// <summary>The results of cases for programs.</summary>
internal static partial class CaseReports
{
    /// <summary>One array, an object for each case.</summary>
    public static Task WriteJsonAsync(TextWriter output, IReadOnlyList<PolicyCaseResult> results) => output.WriteLineAsync(JsonSerializer.Serialize(
        [.. results.Select(result => new CaseEntry(result.Case.Name, result.Passed, result.Mismatches, result.Case.Because, result.Result))],
        CaseJson.Default.CaseEntryArray));

    /// <summary>The XML that build servers read; see the schema of Jenkins' xunit plug-in.</summary>
    public static Task WriteJUnitAsync(TextWriter output, SafetyPolicy policy, IReadOnlyList<PolicyCaseResult> results) =>
        output.WriteLineAsync(new XElement(
            "testsuite",
            new XAttribute("name", Printable(policy.ToString())),
            new XAttribute("tests", results.Count),
            new XAttribute("failures", results.Count(result => !result.Passed)),
            results.Select(result => new XElement(
                "testcase",
                new XAttribute("classname", Printable(policy.Name)),
                new XAttribute("name", Printable(result.Case.Name)),
                result.Passed ? null : new XElement(
                    "failure",
                    new XAttribute("message", Printable(string.Join(' ', result.Mismatches))),
                    Printable(result.Message))))).ToString());

    /// <summary>A model's words may hold characters that XML has no way to write.</summary>
    private static string Printable(string text) => string.Concat(text.EnumerateRunes().Select(rune =>
        rune.Value is 9 or 10 or 13 or (>= 32 and not (0xFFFE or 0xFFFF)) ? rune.ToString() : "\uFFFD"));

    internal sealed record CaseEntry(string Name, bool Passed, IReadOnlyList<string> Mismatches, string Because, GuardrailResult Result);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(CaseEntry[]))]
    internal sealed partial class CaseJson : JsonSerializerContext;
}
