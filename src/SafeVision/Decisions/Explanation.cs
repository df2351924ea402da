namespace SafeVision.Decisions;

/// <summary>One readable paragraph about a result.</summary>
internal static class Explanation
{
    public static string Of(SafetyPolicy policy, Decision decision, IReadOnlyList<Finding> findings, bool animated)
    {
        var text = new DefaultInterpolatedStringHandler(0, 0, CultureInfo.InvariantCulture, stackalloc char[1024]);
        text.AppendLiteral(decision switch { Decision.Block => "Blocked", Decision.Review => "Needs review", _ => "Allowed" });
        if (findings.Any(finding => finding.Verdict == Verdict.Unsafe))
        {
            string separator = ": ";
            foreach (Finding finding in findings.Where(finding => finding.Verdict == Verdict.Unsafe).OrderBy(finding => finding.Decision).ThenByDescending(finding => finding.Score))
            {
                text.AppendLiteral(separator);
                AppendReason(ref text, policy, finding, animated);
                separator = " ";
            }
        }
        else
        {
            text.AppendLiteral(findings.Any(finding => finding.Verdict == Verdict.Safe) ? ": nothing that was assessed reaches a threshold." : ": nothing could be assessed.");
        }

        AppendList(ref text, "Not assessed", policy, findings, static finding => finding is { Verdict: Verdict.NotAssessed, Failure: null });
        AppendList(ref text, "A model failed, so that onFailure applies", policy, findings, static finding => finding.Failure is not null);
        AppendList(ref text, "Judged only in part", policy, findings, static finding => finding.Coverage == CoverageLevel.Partial);
        return text.ToStringAndClear();
    }

    private static void AppendReason(ref DefaultInterpolatedStringHandler text, SafetyPolicy policy, Finding finding, bool animated)
    {
        text.AppendLiteral(NameOf(policy, finding.Category));
        text.AppendLiteral(" scores ");
        text.AppendFormatted(finding.Score ?? 0, "0.00");
        text.AppendLiteral(finding.Decision == Decision.Block ? " (block from " : " (review from ");
        text.AppendFormatted(finding.Threshold, "0.00");
        text.AppendLiteral(")");
        if (animated)
        {
            text.AppendLiteral(" in frame ");
            text.AppendFormatted(finding.Frame);
        }

        text.AppendLiteral(finding.Rendering switch
        {
            ImageRendering.OnBlack => " on a black page",
            ImageRendering.OnGray => " on a gray page",
            ImageRendering.AlphaIgnored => " without its transparency",
            ImageRendering.ColorsAsStored => " in its colours as stored",
            _ => "",
        });

        text.AppendLiteral(". ");
        text.AppendLiteral(finding.Reason);
    }

    private static void AppendList(
        ref DefaultInterpolatedStringHandler text, string title, SafetyPolicy policy, IReadOnlyList<Finding> findings, Func<Finding, bool> listed)
    {
        string names = string.Join(", ", findings.Where(listed).Select(finding => NameOf(policy, finding.Category)));
        text.AppendLiteral(names.Length > 0 ? $" {title}: {names}." : "");
    }

    private static string NameOf(SafetyPolicy policy, string id) => policy.Categories.FirstOrDefault(category => category.Id == id)?.Name ?? id;
}
