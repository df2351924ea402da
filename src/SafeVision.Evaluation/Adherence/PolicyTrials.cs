using SafeVision.Evaluation.Datasets;
using SafeVision.Policies;

namespace SafeVision.Evaluation.Adherence;

/// <summary>Makes changes of a policy out of what a dataset's pictures show.</summary>
internal static class PolicyTrials
{
    /// <summary>What a clause is added to: something that no picture of a symbol or an upload shows, but that a policy may speak of.</summary>
    private const string Stranger = "grand pianos on a stage";

    private const string Category = "forbidden";

    public static IReadOnlyList<PolicyTrial> Of(SafetyPolicy policy, EvaluationDataset dataset, AdherenceOptions options)
    {
        List<PolicyTrial> trials = [];
        foreach ((string thing, string of, EvaluationSample[] samples) in Things(dataset, options))
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

        EvaluationSample[] stable = [.. SampleChoice.Take(dataset, options.StableSamples, options.Seed).Samples];
        (string, string)[] same = [.. policy.Categories.Select(category => (category.Id, category.Id))];
        trials.Add(new PolicyTrial(AdherenceKind.Paraphrased, "every phrase in other words", policy, PolicyRewording.Paraphrase(policy, options.Seed), same, stable));
        trials.Add(new PolicyTrial(AdherenceKind.Reordered, "another order of categories and phrases", policy, PolicyRewording.Reorder(policy, options.Seed), same, stable));
        (SafetyPolicy renamed, IReadOnlyList<(string, string)> ids) = PolicyRewording.Rename(policy);
        trials.Add(new PolicyTrial(AdherenceKind.Renamed, "other ids and names", policy, renamed, ids, stable));
        return trials;
    }

    /// <summary>The things that most pictures show, one category after the other, with pictures that show them.</summary>
    private static IEnumerable<(string Thing, string Category, EvaluationSample[] Samples)> Things(EvaluationDataset dataset, AdherenceOptions options)
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
            .Take(options.Things)
            .Select(thing => (thing.Thing, thing.Category, thing.Samples.Take(options.SamplesPerThing).ToArray()));
    }

    // A policy may not include and exclude the very same phrase.
    private static string Same(string thing) => $"pictures of {thing}";

    private static SafetyPolicy Policy(Action<SafetyCategoryBuilder> configure) => SafetyPolicy.Define("adherence", "1").Category(Category, configure).Build();
}
