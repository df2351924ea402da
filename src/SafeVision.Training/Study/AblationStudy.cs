using SafeVision.Training.Objectives;
using SafeVision.Training.Optimisation;
using SafeVision.Training.Refinement;
using SafeVision.Training.Runs;
using SafeVision.Training.Starter;

namespace SafeVision.Training.Study;

/// <summary>How large a study is.</summary>
public sealed record AblationOptions
{
    /// <summary>The folder for datasets and runs, which are kept; a study that was stopped goes on in it.</summary>
    public required string Folder { get; init; }

    /// <summary>How often each variant is trained, each time from another seed; default 3.</summary>
    public int Seeds { get; init; } = 3;

    /// <summary>Steps of each variant; default 60.</summary>
    public int Steps { get; init; } = 60;

    /// <summary>Images of each dataset to train on; default 300.</summary>
    public int Images { get; init; } = 300;

    /// <summary>Images to report on, each with two questions; default 100.</summary>
    public int TestImages { get; init; } = 100;

    /// <summary>Steps in which the model that all variants begin from learns what is where; default 400.</summary>
    public int TileSteps { get; init; } = 400;

    /// <summary>Steps in which it learns to answer, few enough to leave something to learn; default 250.</summary>
    public int LanguageSteps { get; init; } = 250;
}

/// <summary>What a variant came to.</summary>
/// <param name="Group">What is varied.</param>
/// <param name="Name">The variant.</param>
/// <param name="Results">The test split's metrics for each seed.</param>
public sealed record AblationVariant(string Group, string Name, IReadOnlyList<VerdictMetrics> Results);

/// <summary>
/// Trains the same small model in many ways, each differing in one thing, and measures all on scenes and policies that no training
/// question had: what the parts of the method are worth at this size.
/// </summary>
public static class AblationStudy
{
    private static readonly string[] s_names = ["banana", "bus", "carrot", "cat", "fox", "guitar", "key", "penguin", "rainbow", "sunflower", "tree", "umbrella"];
    private static readonly string[] s_sets = ["fluent-emoji-flat"];

    /// <summary>Runs all variants that are not done yet.</summary>
    public static async Task<IReadOnlyList<AblationVariant>> RunAsync(AblationOptions options, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        string start = Path.Combine(options.Folder, "start"), made = Path.Combine(start, "done");
        if (!File.Exists(made))
        {
            progress?.Report(new TrainingProgress("Training the model that all begin from", 0, 0));
            using var starter = StarterTraining.Create(start, new StarterTrainingOptions { Names = s_names, Sets = s_sets, TileSteps = options.TileSteps, LanguageSteps = options.LanguageSteps });
            starter.Run(new Steps(record => progress?.Report(new TrainingProgress("Training the model that all begin from", record.Step + 1, options.TileSteps + options.LanguageSteps))), cancellationToken);
            await File.WriteAllTextAsync(made, "", cancellationToken).ConfigureAwait(false);
        }

        var variants = new List<AblationVariant>();
        (string Group, string Name, Func<StarterDatasetOptions, StarterDatasetOptions> Data, Func<TrainingOptions, TrainingOptions> Training)[] plans =
        [
            ("Everything as it is by default", "share 1/3, diverse questions, a policy for each image", data => data, training => training),
            ("Weighted loss", "off (all tokens alike)", data => data, training => training with { Weighting = AnswerWeighting.Plain }),
            ("Weighted loss", "the published positional rule", data => data, training => training with { Weighting = AnswerWeighting.Positional }),
            ("Weighted loss", "share 0.1", data => data, training => training with { Share = 0.1 }),
            ("Weighted loss", "share 0.5", data => data, training => training with { Share = 0.5 }),
            ("Weighted loss", "share 0.7", data => data, training => training with { Share = 0.7 }),
            ("Weighted loss", "share 0.9", data => data, training => training with { Share = 0.9 }),
            ("Questions", "under policies only", data => data with { IsDiverse = false }, training => training),
            ("Policies", "one for all images", data => data with { Policies = 1 }, training => training),
            ("Policies", "eight for all images", data => data with { Policies = 8 }, training => training),
            ("Images", "in pairs with one thing exchanged", data => data with { HasPairs = true }, training => training),
        ];
        foreach ((string group, string name, Func<StarterDatasetOptions, StarterDatasetOptions> data, Func<TrainingOptions, TrainingOptions> training) in plans)
        {
            variants.Add(await VariantAsync(group, name, data, training).ConfigureAwait(false));
        }

        variants.Insert(0, variants[0] with { Group = "Untouched", Name = "the model that all begin from", Results = await UntouchedAsync().ConfigureAwait(false) });
        variants.Add(await AfterAsync("dpo", TrainingObjective.Dpo, options.Steps / 3).ConfigureAwait(false));
        variants.Add(await AfterAsync("grpo", TrainingObjective.Grpo, options.Steps / 3).ConfigureAwait(false));
        variants.Add(await RoundsAsync(1).ConfigureAwait(false));
        variants.Add(await RoundsAsync(2).ConfigureAwait(false));
        variants.Add(await FromRandomAsync("image first", policyFirst: false).ConfigureAwait(false));
        variants.Add(await FromRandomAsync("policy first", policyFirst: true).ConfigureAwait(false));
        return variants;

        async Task<AblationVariant> VariantAsync(string group, string name, Func<StarterDatasetOptions, StarterDatasetOptions> data, Func<TrainingOptions, TrainingOptions> training)
        {
            var results = new List<VerdictMetrics>();
            for (int seed = 1; seed <= options.Seeds; seed++)
            {
                string set = await DataAsync(data(Data(seed))).ConfigureAwait(false);
                results.Add((await TrainingSession.RunAsync(training(Training(start, set, Path.Combine(options.Folder, "runs", Slug($"{group} {name}"), $"{seed}"), seed)), progress, null, cancellationToken).ConfigureAwait(false)).After!);
            }

            return new AblationVariant(group, name, results);
        }

        async Task<List<VerdictMetrics>> UntouchedAsync()
        {
            var results = new List<VerdictMetrics>();
            for (int seed = 1; seed <= options.Seeds; seed++)
            {
                string set = await DataAsync(Data(seed)).ConfigureAwait(false);
                results.Add((await TrainingSession.RunAsync(Training(start, set, Path.Combine(options.Folder, "runs", Slug($"{plans[0].Group} {plans[0].Name}"), $"{seed}"), seed), progress, null, cancellationToken).ConfigureAwait(false)).Before!);
            }

            return results;
        }

        // From the model of the default variant, an adapter learns further.
        async Task<AblationVariant> AfterAsync(string name, TrainingObjective objective, int steps)
        {
            var results = new List<VerdictMetrics>();
            for (int seed = 1; seed <= options.Seeds; seed++)
            {
                string set = await DataAsync(Data(seed)).ConfigureAwait(false), first = Path.Combine(options.Folder, "runs", Slug($"{plans[0].Group} {plans[0].Name}"), $"{seed}", "checkpoint");
                results.Add((await TrainingSession.RunAsync(
                    Training(first, set, Path.Combine(options.Folder, "runs", name, $"{seed}"), seed) with { Objective = objective, Adapter = new Adapters.LowRankOptions { Rank = 8, Alpha = 16 }, Steps = steps, Rows = 8, Rate = 2e-4, EvaluateSamples = 200 },
                    progress, null, cancellationToken).ConfigureAwait(false)).After!);
            }

            return new AblationVariant("After the default", $"{name}, {steps} steps", results);
        }

        // A fifth of the labels is wrong; a judge that knows the truth votes with the model.
        async Task<AblationVariant> RoundsAsync(int rounds)
        {
            var results = new List<VerdictMetrics>();
            for (int seed = 1; seed <= options.Seeds; seed++)
            {
                string set = await DataAsync(Data(seed) with { Noise = 0.2 }).ConfigureAwait(false), policy = Directory.EnumerateFiles(Path.Combine(set, "policies")).Order(StringComparer.Ordinal).First();
                RefinementResult refined = await RefinementLoop.RunAsync(
                    new RefinementOptions
                    {
                        Training = Training(start, set, Path.Combine(options.Folder, "runs", $"rounds-{rounds}", $"{seed}"), seed) with { Policy = policy },
                        Rounds = rounds,
                        Votes = int.MaxValue,
                        SelfCertainty = 0.1,
                    },
                    progress, cancellationToken).ConfigureAwait(false);
                results.Add(refined.After!);
            }

            return new AblationVariant("Refinement, a fifth of the labels wrong", rounds == 1 ? "one round" : $"{rounds} rounds, labels that the model is sure are wrong left out", results);
        }

        async Task<AblationVariant> FromRandomAsync(string name, bool policyFirst)
        {
            var results = new List<VerdictMetrics>();
            for (int seed = 1; seed <= options.Seeds; seed++)
            {
                string set = await DataAsync(Data(seed)).ConfigureAwait(false), other = Path.Combine(options.Folder, policyFirst ? "start-policy-first" : "start");
                if (policyFirst && !Directory.Exists(other))
                {
                    Directory.CreateDirectory(other);
                    foreach (string file in Directory.EnumerateFiles(start))
                    {
                        File.Copy(file, Path.Combine(other, Path.GetFileName(file)));
                    }

                    string prompt = Path.Combine(other, "safevision-prompt.yaml");
                    await File.WriteAllTextAsync(prompt, (await File.ReadAllTextAsync(prompt, cancellationToken).ConfigureAwait(false)).Replace("order: imageFirst", "order: policyFirst", StringComparison.Ordinal), cancellationToken).ConfigureAwait(false);
                }

                results.Add((await TrainingSession.RunAsync(
                    Training(other, set, Path.Combine(options.Folder, "runs", Slug($"order {name}"), $"{seed}"), seed) with { Steps = 2 * options.Steps }, progress, null, cancellationToken).ConfigureAwait(false)).After!);
            }

            return new AblationVariant("Order of the prompt, twice the steps", name, results);
        }

        StarterDatasetOptions Data(int seed) => new() { Names = s_names, Sets = s_sets, Train = options.Images, Refine = 40, Test = options.TestImages, Seed = 1000 + seed };

        TrainingOptions Training(string model, string set, string output, int seed) => new()
        {
            Model = model,
            Data = set,
            Output = output,
            Steps = options.Steps,
            Rows = 32,
            Accumulation = 1,
            Rate = 1e-3,
            TrainsVision = false,
            Seed = seed,
            EvaluateEvery = 1_000_000,
            SaveEvery = 1_000_000,
            Converts = false,
        };

        async Task<string> DataAsync(StarterDatasetOptions asked)
        {
            string folder = Path.Combine(options.Folder, "data", Slug($"{asked.Seed} {asked.IsDiverse} {asked.Policies} {asked.HasPairs} {asked.Noise}")), done = Path.Combine(folder, "done");
            if (!File.Exists(done))
            {
                await StarterDataset.WriteAsync(folder, asked, cancellationToken).ConfigureAwait(false);
                await File.WriteAllTextAsync(done, "", cancellationToken).ConfigureAwait(false);
            }

            return folder;
        }

        static string Slug(string text) => string.Join('-', new string([.. text.ToLowerInvariant().Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : ' ')]).Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    private sealed class Steps(Action<StepRecord> report) : IProgress<StepRecord>
    {
        public void Report(StepRecord value) => report(value);
    }
}
