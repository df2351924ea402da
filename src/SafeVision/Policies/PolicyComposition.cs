namespace SafeVision.Policies;

/// <summary>The category lists of composed policies.</summary>
internal static class PolicyComposition
{
    /// <summary>The policy's categories, with the added ones in place of those with the same id or at the end.</summary>
    public static IReadOnlyList<SafetyCategory> Put(SafetyPolicy policy, IEnumerable<SafetyCategory> added)
    {
        List<SafetyCategory> categories = [.. policy.Categories];
        foreach (SafetyCategory category in added)
        {
            if (category.Id == HarmCategory.Safe.Id)
            {
                throw Error(policy, $"'{category.Id}' means that an image belongs to no category, so it cannot be one");
            }

            int index = categories.FindIndex(present => present.Id.Equals(category.Id, StringComparison.OrdinalIgnoreCase));
            if (index >= 0)
            {
                categories[index] = category;
            }
            else
            {
                categories.Add(category);
            }
        }

        return categories.Count <= PolicyDraft.MostCategories
            ? categories
            : throw Error(policy, $"the policy would have {categories.Count} categories; at most {PolicyDraft.MostCategories} are allowed");
    }

    /// <summary>The policy's categories less one.</summary>
    public static IReadOnlyList<SafetyCategory> Remove(SafetyPolicy policy, string id)
    {
        if (!policy.TryGetCategory(id, out SafetyCategory? category))
        {
            string[] known = [.. policy.Categories.Select(present => present.Id)];
            string hint = NearestWord.Find(id, known) is string near ? $"did you mean '{near}'?" : $"it has {string.Join(", ", known)}";
            throw Error(policy, $"the policy has no category {PolicyText.Quote(id)}; {hint}");
        }

        return policy.Categories.Count > 1
            ? [.. policy.Categories.Where(present => present != category)]
            : throw Error(policy, $"'{category.Id}' is the policy's last category; without one it would allow everything");
    }

    private static PolicyException Error(SafetyPolicy policy, string message) =>
        new([new PolicyError(policy.Name, 0, 0, message)]);
}
