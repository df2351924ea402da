using System.Globalization;
using System.Text;
using SafeVision.Assessments;
using SafeVision.Policies;

namespace SafeVision;

/// <summary>One readable paragraph about a result.</summary>
internal static class Explanation
{
    public static string Of(SafetyPolicy policy, Decision decision, IReadOnlyList<Finding> findings, bool animated)
    {
        var text = new StringBuilder(256);
        text.Append(decision switch { Decision.Block => "Blocked", Decision.Review => "Needs review", _ => "Allowed" });

        Finding[] reasons = [.. findings.Where(finding => finding.Verdict == Verdict.Unsafe).OrderBy(finding => finding.Decision).ThenByDescending(finding => finding.Score)];
        if (reasons.Length == 0)
        {
            text.Append(findings.Any(finding => finding.Verdict == Verdict.Safe)
                ? ": nothing that was assessed reaches a threshold."
                : ": nothing could be assessed.");
        }

        foreach (Finding finding in reasons)
        {
            text.Append(CultureInfo.InvariantCulture, $"{(finding == reasons[0] ? ":" : "")} {policy.NameOf(finding.Category)} scores {finding.Score:0.00} ({(finding.Decision == Decision.Block ? "block" : "review")} from {finding.Threshold:0.00}){(animated ? $" in frame {finding.Frame}" : "")}. {finding.Reason}");
        }

        AppendList(text, "Not assessed", policy, findings.Where(finding => finding.Verdict == Verdict.NotAssessed));
        AppendList(text, "Judged only in part", policy, findings.Where(finding => finding.Coverage == CoverageLevel.Partial));
        return text.ToString();
    }

    private static void AppendList(StringBuilder text, string title, SafetyPolicy policy, IEnumerable<Finding> findings)
    {
        string list = string.Join(", ", findings.Select(finding => policy.NameOf(finding.Category)));
        if (list.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" {title}: {list}.");
        }
    }

    private static string NameOf(this SafetyPolicy policy, string id) =>
        policy.Categories.First(category => category.Id == id).Name;
}
