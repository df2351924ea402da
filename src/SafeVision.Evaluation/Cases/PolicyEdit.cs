using SafeVision.Policies;

namespace SafeVision.Evaluation.Cases;

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
