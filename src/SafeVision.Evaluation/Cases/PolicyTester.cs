namespace SafeVision.Evaluation.Cases;

/// <summary>Tries cases on a guardrail.</summary>
public static class PolicyTester
{
    /// <summary>Tries one case.</summary>
    /// <param name="guardrail">What judges. Its policy is changed to the case's; nobody else may use it meanwhile.</param>
    /// <param name="policy">The policy that the case is about, before the case's own changes.</param>
    /// <param name="policyCase">The case.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="PolicyException">The case changes the policy in a way that is not possible.</exception>
    public static async Task<PolicyCaseResult> RunAsync(IImageGuardrail guardrail, SafetyPolicy policy, PolicyCase policyCase, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(guardrail);
        ArgumentNullException.ThrowIfNull(policyCase);
        SafetyPolicy changed = policyCase.Given.Apply(policy);
        if (guardrail.Status.Policy != changed)
        {
            await guardrail.UpdatePolicyAsync(changed, cancellationToken).ConfigureAwait(false);
        }

        return Judge(policyCase, await guardrail.CheckAsync(ImageSource.FromFile(policyCase.Image), cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Tries all cases; each policy is compiled once. The guardrail has <paramref name="policy"/> at the end.</summary>
    /// <param name="guardrail">What judges.</param>
    /// <param name="policy">The policy that the cases are about.</param>
    /// <param name="cases">The cases.</param>
    /// <param name="progress">Told after each case.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>One result for each case, in their order.</returns>
    /// <exception cref="PolicyException">A case changes the policy in a way that is not possible; nothing was tried then.</exception>
    public static async Task<IReadOnlyList<PolicyCaseResult>> RunAllAsync(
        IImageGuardrail guardrail,
        SafetyPolicy policy,
        IReadOnlyList<PolicyCase> cases,
        IProgress<EvaluationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(guardrail);
        ArgumentNullException.ThrowIfNull(cases);
        var byPolicy = cases.Select((one, index) => (Case: one, Index: index, Policy: one.Given.Apply(policy)))
            .GroupBy(row => row.Policy.ContentHash, StringComparer.Ordinal)
            .OrderBy(group => group.Key == policy.ContentHash) // the policy itself last, so that it stays
            .ToArray();
        var results = new PolicyCaseResult[cases.Count];
        int done = 0;
        foreach (var group in byPolicy)
        {
            await guardrail.UpdatePolicyAsync(group.First().Policy, cancellationToken).ConfigureAwait(false);
            var rows = group.ToArray();
            int next = 0;
            await foreach (GuardrailResult result in guardrail.CheckManyAsync(
                rows.Select(row => ImageSource.FromFile(row.Case.Image)).ToAsyncEnumerable(), cancellationToken).ConfigureAwait(false))
            {
                results[rows[next].Index] = Judge(rows[next].Case, result);
                next++;
                progress?.Report(new EvaluationProgress(++done, cases.Count, 0));
            }
        }

        if (guardrail.Status.Policy != policy)
        {
            await guardrail.UpdatePolicyAsync(policy, cancellationToken).ConfigureAwait(false);
        }

        return results;
    }

    private static PolicyCaseResult Judge(PolicyCase expected, GuardrailResult result)
    {
        List<string> mismatches = [];
        if (result.Failure is { } failure)
        {
            mismatches.Add($"The image could not be judged: {failure.Reason}: {failure.Message}");
        }

        if (expected.Decisions.Count > 0 && !expected.Decisions.Contains(result.Decision))
        {
            mismatches.Add($"Expected {string.Join(" or ", expected.Decisions.Select(CaseFileReader.Word))}, but it is {CaseFileReader.Word(result.Decision)}.");
        }

        foreach ((string category, Verdict verdict) in expected.Verdicts)
        {
            Finding? finding = result.Find(category);
            if (finding?.Verdict != verdict)
            {
                mismatches.Add($"Expected '{category}' to be {CaseFileReader.Word(verdict)}, but it is {(finding is null ? "not in the policy" : $"{CaseFileReader.Word(finding.Verdict)} ({Number(finding.Score ?? double.NaN)})")}.");
            }
        }

        foreach ((string category, ScoreBounds bounds) in expected.Scores)
        {
            double score = result.Find(category)?.Score ?? double.NaN;
            if (!(score >= bounds.AtLeast && score <= bounds.AtMost))
            {
                mismatches.Add($"Expected the score of '{category}' from {Number(bounds.AtLeast)} to {Number(bounds.AtMost)}, but it is {Number(score)}.");
            }
        }

        string said = string.Join('\n', result.Findings.Select(finding => $"{finding.Reason}\n{finding.Evidence.Words}").Prepend(result.Explanation));
        mismatches.AddRange(expected.Mentions.Where(word => !said.Contains(word, StringComparison.OrdinalIgnoreCase)).Select(word => $"Expected the reason to mention '{word}'."));
        mismatches.AddRange(expected.Avoids.Where(word => said.Contains(word, StringComparison.OrdinalIgnoreCase)).Select(word => $"Expected the reason not to mention '{word}'."));
        return new PolicyCaseResult(expected, result, mismatches);
    }

    private static string Number(double value) => double.IsNaN(value) ? "not assessed" : value.ToString("0.###", CultureInfo.InvariantCulture);
}
