namespace SafeVision.Evaluation.Cases;

/// <summary>An image and what a team expects of its policy about it. Everything that is set must hold.</summary>
public sealed record PolicyCase
{
    /// <summary>What the case is called.</summary>
    public required string Name { get; init; }

    /// <summary>The image's full path.</summary>
    public required string Image { get; init; }

    /// <summary>Why the team wants it; empty where nothing was given.</summary>
    public string Because { get; init; } = "";

    /// <summary>How the policy is changed first.</summary>
    public PolicyEdit Given { get; init; } = PolicyEdit.None;

    /// <summary>The decisions that are right; empty: any.</summary>
    public IReadOnlyList<Decision> Decisions { get; init; } = [];

    /// <summary>The verdict that is right, by category.</summary>
    public IReadOnlyDictionary<string, Verdict> Verdicts { get; init; } = new Dictionary<string, Verdict>();

    /// <summary>Where scores are to lie, by category.</summary>
    public IReadOnlyDictionary<string, ScoreBounds> Scores { get; init; } = new Dictionary<string, ScoreBounds>();

    /// <summary>Words that the explanation must hold, in any case of letters.</summary>
    public IReadOnlyList<string> Mentions { get; init; } = [];

    /// <summary>Words that the explanation must not hold.</summary>
    public IReadOnlyList<string> Avoids { get; init; } = [];

    /// <summary><see cref="Name"/>, by which test runners list the case.</summary>
    public override string ToString() => Name;
}

/// <summary>Where a score is to lie, both ends included.</summary>
/// <param name="AtLeast">The least, 0 to 1.</param>
/// <param name="AtMost">The most, 0 to 1.</param>
public sealed record ScoreBounds(double AtLeast = 0, double AtMost = 1);

/// <summary>A change of a policy, for a case that asks whether the verdict follows the policy's words.</summary>
public sealed record PolicyEdit
{
    /// <summary>No change.</summary>
    public static PolicyEdit None { get; } = new();

    /// <summary>Phrases to include as well, by category; a category that the policy doesn't have is added.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> AddIncludes { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Phrases to exclude as well, by category.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> AddExcludes { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Phrases to include no longer, by category.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> RemoveIncludes { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Phrases to exclude no longer, by category.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> RemoveExcludes { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>The ids of categories to take out.</summary>
    public IReadOnlyList<string> RemoveCategories { get; init; } = [];

    /// <summary>The changed policy.</summary>
    /// <exception cref="PolicyException">The policy has no such category or phrase, or would not be valid.</exception>
    public SafetyPolicy Apply(SafetyPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        foreach (string id in RemoveCategories)
        {
            policy = policy.Without(id);
        }

        foreach (string id in AddIncludes.Keys.Concat(AddExcludes.Keys).Concat(RemoveIncludes.Keys).Concat(RemoveExcludes.Keys).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            bool isThere = policy.TryGetCategory(id, out SafetyCategory? category);
            if (!isThere && !AddIncludes.ContainsKey(id))
            {
                throw Error(policy, $"there is no category '{id}' to change");
            }

            string[] includes = [.. Change(policy, id, "includes", category?.Includes ?? [], AddIncludes, RemoveIncludes)];
            string[] excludes = [.. Change(policy, id, "excludes", category?.Excludes ?? [], AddExcludes, RemoveExcludes)];
            policy = policy.With(category is null
                ? SafetyCategory.Define(id, own => own.Includes(includes).Excludes(excludes))
                : category.Customize(own => own.Includes(includes).Excludes(excludes)));
        }

        return policy;
    }

    private static IEnumerable<string> Change(
        SafetyPolicy policy,
        string id,
        string what,
        IReadOnlyList<string> phrases,
        IReadOnlyDictionary<string, IReadOnlyList<string>> added,
        IReadOnlyDictionary<string, IReadOnlyList<string>> removed)
    {
        IReadOnlyList<string> gone = removed.GetValueOrDefault(id) ?? [];
        return gone.FirstOrDefault(phrase => !phrases.Contains(phrase)) is { } unknown
            ? throw Error(policy, $"'{id}' has no phrase '{unknown}' among what it {what}")
            : phrases.Except(gone).Concat(added.GetValueOrDefault(id) ?? []);
    }

    private static PolicyException Error(SafetyPolicy policy, string message) => new([new PolicyError(policy.Name, 0, 0, message)]);
}

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
