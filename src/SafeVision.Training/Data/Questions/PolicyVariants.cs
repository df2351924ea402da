namespace SafeVision.Training.Data.Questions;

/// <summary>Policies that an image is judged by beside the given one: the same in another order, the same on the other
/// side of a boundary, and policies in names of things. A model that sees one policy only learns its labels and not to
/// read.</summary>
internal static class PolicyVariants
{
    private const int MostCategories = 4;

    private static readonly (string Id, string Name)[] s_lists = [("a", "List A"), ("b", "List B"), ("c", "List C"), ("d", "List D")];

    /// <summary>A policy with these of its categories, in this order.</summary>
    public static SafetyPolicy With(SafetyPolicy policy, IEnumerable<SafetyCategory> categories)
    {
        SafetyPolicyBuilder builder = SafetyPolicy.Define(policy.Name, policy.Version);
        builder = categories.Aggregate(builder, (built, category) => built.Category(category));
        return builder.WhenNotAssessed(policy.WhenNotAssessed).Build();
    }

    /// <summary>A policy in one of a few orders of its categories.</summary>
    public static SafetyPolicy Reordered(SafetyPolicy policy, int order, long seed)
    {
        SafetyCategory[] categories = [.. policy.Categories];
        if (order > 0)
        {
            DataProject.RandomOf(seed, FormattableString.Invariant($"order {order}")).Shuffle(categories);
        }

        return With(policy, categories);
    }

    /// <summary>The policy on the other side of a boundary: one that judges the same image differently, and differs in
    /// one place. Where the image falls under a category, that is left out, or excludes what the image shows of it;
    /// where it is harmless, a list of one thing that it shows is added.</summary>
    /// <returns>The policy, and the image's category under it; null where there is none.</returns>
    public static (SafetyPolicy Policy, SafetyCategory? Category, string? Reason)? Across(SafetyPolicy policy, SafetyCategory? category, ImageTruth? truth, Random random)
    {
        if (category is null)
        {
            if (truth is null || policy.TryGetCategory(s_lists[0].Id, out _))
            {
                return null;
            }

            Evaluation.Datasets.SampleObject thing = truth.Objects[random.Next(truth.Objects.Count)];
            SafetyCategory list = List(s_lists[0], [thing.Name]);
            int place = random.Next(policy.Categories.Count + 1);
            return (With(policy, [.. policy.Categories.Take(place), list, .. policy.Categories.Skip(place)]), list, ImageTruth.Seen(thing));
        }

        string[] shown = [.. truth?.Objects.Where(thing => thing.Categories.Contains(category.Id)).Select(thing => thing.Name).Distinct() ?? []];
        bool canExclude = shown.Length > 0 && !shown.Any(name => category.Includes.Concat(category.Excludes).Contains(name, StringComparer.OrdinalIgnoreCase)), canLeaveOut = policy.Categories.Count > 1;
        if (canExclude && (!canLeaveOut || random.Next(2) == 0))
        {
            SafetyCategory narrowed = category.Customize(own => own.Excludes([.. category.Excludes, .. shown]));
            return (With(policy, policy.Categories.Select(own => own == category ? narrowed : own)), null, null);
        }

        return canLeaveOut ? (With(policy, policy.Categories.Where(own => own != category)), null, null) : null;
    }

    /// <summary>Two policies in names that differ in one: the first forbids a thing, the second another in its place.</summary>
    /// <param name="forbidden">The thing of the first.</param>
    /// <param name="others">Names of things that are not there, to fill the lists with.</param>
    /// <param name="random">The choices.</param>
    /// <returns>Both, and the place of the category that has the thing.</returns>
    public static (SafetyPolicy First, SafetyPolicy Second, int Place) InNames(string forbidden, string instead, IReadOnlyList<string> others, Random random)
    {
        string[] free = [.. others];
        random.Shuffle(free);
        int count = Math.Min(random.Next(2, MostCategories + 1), 1 + free.Length), place = random.Next(count), next = 0;
        List<string>[] lists = [.. Enumerable.Range(0, count).Select(i =>
        {
            List<string> own = i == place ? [forbidden] : [free[next++]];
            int left = count - 1 - i - (i < place ? 1 : 0); // a name is kept for each list to come
            while (own.Count < 3 && next < free.Length - left && random.Next(2) == 0)
            {
                own.Insert(random.Next(own.Count + 1), free[next++]);
            }

            return own;
        })];
        return (Build(lists), Build([.. lists.Select((list, i) => i == place ? [.. list.Select(name => name == forbidden ? instead : name)] : list)]), place);

        static SafetyPolicy Build(IReadOnlyList<List<string>> lists) =>
            lists.Select((names, i) => List(s_lists[i], names)).Aggregate(SafetyPolicy.Define("things", "1"), (builder, category) => builder.Category(category)).Build();
    }

    private static SafetyCategory List((string Id, string Name) list, IEnumerable<string> names) => SafetyCategory.Define(list.Id, category => category.Named(list.Name).Includes([.. names]));
}
