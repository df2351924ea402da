namespace SafeVision.Evaluation.Adherence;

/// <summary>Makes changes of a policy out of what a dataset's images show.</summary>
internal static class PolicyTrials
{
    /// <summary>What a clause is added to: something that no image of a symbol or an upload shows, but that a policy may speak of.</summary>
    private const string Stranger = "grand pianos";

    private const string Category = "forbidden";

    // Each policy is compiled once, so these bound the time.
    private const int MostThings = 12;
    private const int SamplesPerThing = 20;
    private const int StableSamples = 100;

    public static IReadOnlyList<PolicyTrial> Of(SafetyPolicy policy, EvaluationDataset dataset, long seed)
    {
        List<PolicyTrial> trials = [];
        foreach ((string thing, string of, EvaluationSample[] samples) in Things(dataset))
        {
            SafetyPolicy without = Policy(own => own.Includes(Stranger));
            SafetyPolicy with = Policy(own => own.Includes(Stranger, thing));
            bool isNovel = !policy.Categories.Any(category => category.Id == of);
            trials.Add(new PolicyTrial(isNovel ? AdherenceKind.NovelCategory : AdherenceKind.ClauseAdded, $"includes + '{thing}'", without, with, [(Category, Category)], samples));
            if (policy.TryGetCategory(of, out SafetyCategory? own) && !own.Includes.Concat(own.Excludes).Contains(thing, StringComparer.OrdinalIgnoreCase))
            {
                SafetyPolicy spared = policy.With(own.Customize(category => category.Excludes([.. own.Excludes, thing])));
                trials.Add(new PolicyTrial(AdherenceKind.ExcludeAdded, $"{of}: excludes + '{thing}'", policy, spared, [(own.Id, own.Id)], samples));
            }

            trials.Add(new PolicyTrial(AdherenceKind.Contradiction, $"includes + '{thing}', excludes + '{Same(thing)}'", without, Policy(own => own.Includes(Stranger, thing).Excludes(Same(thing))), [(Category, Category)], samples));
        }

        EvaluationSample[] stable = [.. dataset.Take(StableSamples, seed).Samples];
        (string, string)[] same = [.. policy.Categories.Select(category => (category.Id, category.Id))];
        trials.Add(new PolicyTrial(AdherenceKind.Paraphrased, "every phrase in other words", policy, PolicyRewording.Paraphrase(policy, seed), same, stable));
        trials.Add(new PolicyTrial(AdherenceKind.Reordered, "another order of categories and phrases", policy, PolicyRewording.Reorder(policy, seed), same, stable));
        (SafetyPolicy renamed, IReadOnlyList<(string, string)> ids) = PolicyRewording.Rename(policy);
        trials.Add(new PolicyTrial(AdherenceKind.Renamed, "other ids and names", policy, renamed, ids, stable));
        return trials;
    }

    /// <summary>The things that most images show, one category after the other, with images that show them.</summary>
    private static IEnumerable<(string Thing, string Category, EvaluationSample[] Samples)> Things(EvaluationDataset dataset)
    {
        var byCategory = dataset.Samples
            .SelectMany(sample => sample.Objects.Where(thing => thing.Categories.Count > 0).Select(thing => (thing.Name, Category: thing.Categories[0], Sample: sample)))
            .GroupBy(row => row.Category, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => group.GroupBy(row => row.Name, StringComparer.Ordinal)
                .Select(rows => (Thing: rows.Key, Category: group.Key, Samples: rows.Select(row => row.Sample).Distinct().ToArray()))
                .OrderByDescending(thing => thing.Samples.Length).ThenBy(thing => thing.Thing, StringComparer.Ordinal)
                .ToArray())
            .ToArray();
        int deepest = byCategory.Select(things => things.Length).DefaultIfEmpty(0).Max();
        return Enumerable.Range(0, deepest)
            .SelectMany(rank => byCategory.Where(things => rank < things.Length).Select(things => things[rank]))
            .Take(MostThings)
            .Select(thing => (thing.Thing, thing.Category, thing.Samples.Take(SamplesPerThing).ToArray()));
    }

    // A policy may not include and exclude the very same phrase.
    private static string Same(string thing) => $"pictures of {thing}";

    private static SafetyPolicy Policy(Action<SafetyCategoryBuilder> configure) => SafetyPolicy.Define("adherence", "1").Category(Category, configure).Build();
}

/// <summary>A change of a policy and the images to try it on.</summary>
/// <param name="Before">The policy before.</param>
/// <param name="After">The policy after.</param>
/// <param name="Categories">The categories to compare, by their ids before and after.</param>
internal sealed record PolicyTrial(
    AdherenceKind Kind, string Edit, SafetyPolicy Before, SafetyPolicy After, IReadOnlyList<(string Before, string After)> Categories, IReadOnlyList<EvaluationSample> Samples);

/// <summary>Says a policy in other words without changing what it means. The same seed gives the same words.</summary>
internal static class PolicyRewording
{
    // Each holds for any noun phrase, and none narrows or widens it.
    private static readonly string[] Frames =
    [
        "pictures of {0}", "images that show {0}", "{0} in the picture", "{0} that can be seen", "photos or drawings of {0}",
    ];

    // Pairs that a moderator would take for each other in any policy.
    private static readonly (string From, string To)[] Synonyms =
    [
        ("firearms", "guns"), ("guns", "firearms"), ("alcohol", "alcoholic drinks"), ("cigarettes", "smokes"), ("knives", "blades"),
        ("pictures", "images"), ("images", "pictures"), ("people", "persons"), ("persons", "people"), ("cash", "money"),
        ("gambling", "betting games"), ("cats", "felines"), ("dogs", "canines"), ("injuries", "wounds"), ("wounds", "injuries"),
    ];

    /// <summary>The policy with every phrase said in another way.</summary>
    public static SafetyPolicy Paraphrase(SafetyPolicy policy, long seed)
    {
        return policy.Categories.Aggregate(policy, (changed, category) => changed.With(category.Customize(own => own
            .Includes([.. category.Includes.Select(phrase => Reword(phrase, seed))])
            .Excludes([.. category.Excludes.Select(phrase => Reword(phrase, seed))]))));
    }

    /// <summary>The policy with its categories, and the phrases of each, in another order.</summary>
    public static SafetyPolicy Reorder(SafetyPolicy policy, long seed)
    {
        SafetyPolicyBuilder builder = SafetyPolicy.Define(policy.Name, policy.Version).OnFailure(policy.OnFailure).WhenNotAssessed(policy.WhenNotAssessed);
        foreach (SafetyCategory category in policy.Categories.OrderBy(category => Draw(category.Id, seed)))
        {
            builder.Category(category.Customize(own => own
                .Includes([.. category.Includes.OrderBy(phrase => Draw(phrase, seed))])
                .Excludes([.. category.Excludes.OrderBy(phrase => Draw(phrase, seed))])));
        }

        return builder.Build();
    }

    /// <summary>The policy with categories that are called by letters, and what each was called before.</summary>
    public static (SafetyPolicy Policy, IReadOnlyList<(string Before, string After)> Ids) Rename(SafetyPolicy policy)
    {
        SafetyPolicyBuilder builder = SafetyPolicy.Define(policy.Name, policy.Version).OnFailure(policy.OnFailure).WhenNotAssessed(policy.WhenNotAssessed);
        (string, string)[] ids = [.. policy.Categories.Select((category, i) => (category.Id, $"Rule-{i + 1}"))];
        for (int i = 0; i < ids.Length; i++)
        {
            SafetyCategory category = policy.Categories[i];
            builder.Category(SafetyCategory.Define(ids[i].Item2, own =>
            {
                own.Named($"Rule {i + 1}").Includes([.. category.Includes]).Excludes([.. category.Excludes]).ReviewAt(category.ReviewAt).BlockAt(category.BlockAt);
                if (category.Protects.Length > 0)
                {
                    own.Protects(category.Protects);
                }

                if (category.WhenNotAssessed is { } decision)
                {
                    own.WhenNotAssessed(decision);
                }
            }));
        }

        return (builder.Build(), ids);
    }

    private static string Reword(string phrase, long seed)
    {
        string words = string.Join(' ', phrase.Split(' ').Select(word => Array.Find(Synonyms, pair => pair.From == word) is { To: { } to } ? to : word));
        string framed = string.Format(System.Globalization.CultureInfo.InvariantCulture, Frames[Draw(phrase, seed) % (uint)Frames.Length], words);
        return framed.Length <= LongestPhrase ? framed : words;
    }

    private const int LongestPhrase = 500; // SafetyCategory.Includes

    private static uint Draw(string text, long seed) =>
        BitConverter.ToUInt32(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}\n{text}")));
}
