namespace SafeVision.Evaluation.Cases;

/// <summary>How a case ended.</summary>
/// <param name="Case">The case.</param>
/// <param name="Result">The guardrail's answer.</param>
/// <param name="Mismatches">What was expected and did not hold, a sentence each; empty where the case passed.</param>
public sealed record PolicyCaseResult(PolicyCase Case, GuardrailResult Result, IReadOnlyList<string> Mismatches)
{
    /// <summary>Whether everything held.</summary>
    public bool Passed => Mismatches.Count == 0;

    /// <summary>What did not hold, why the team wants it, and what the guardrail said: the message of a failed test. Empty where it passed.</summary>
    public string Message => Passed
        ? ""
        : $"{string.Join(" ", Mismatches)}{(Case.Because.Length == 0 ? "" : $" Expected because: {Case.Because}")} The guardrail said: {Result.Explanation}";
}
