using SafeVision.Training.Refinement;

namespace SafeVision.Training.Study;

/// <summary>How large a study is.</summary>
public sealed record AblationOptions
{
    /// <summary>The folder of what was measured; a study that was stopped goes on in it, also with more seeds.</summary>
    public required string Folder { get; init; }

    /// <summary>How often all variants are trained, each time from other weights, on other scenes; default 2.</summary>
    public int Seeds { get; init; } = 2;

    /// <summary>Steps in which the vision tower learns what is where, once for all; default 300.</summary>
    public int TileSteps { get; init; } = 300;

    /// <summary>Steps in which the model learns to answer; default 200.</summary>
    public int LanguageSteps { get; init; } = 200;

    /// <summary>Steps in which a variant trains it further; default 40.</summary>
    public int Steps { get; init; } = 40;

    /// <summary>Questions in such a step; default 48.</summary>
    public int Rows { get; init; } = 48;

    /// <summary>Images to train on further; default 400.</summary>
    public int Images { get; init; } = 400;

    /// <summary>Images to report on, each under two policies; default 100.</summary>
    public int TestImages { get; init; } = 100;
}

/// <summary>Trains the same small model in many ways, each differing in one thing, and measures all on scenes and policies that no
/// training question had: what the parts of the method are worth at this size.</summary>
public static class AblationStudy
{
    private const double SelfCertainty = 0.35; // above the share of wrong labels: a model that learnt from them says each with that certainty at least

    private static readonly string[] s_names = ["banana", "bus", "cat", "guitar", "key", "penguin", "tree", "umbrella"];
    private static readonly string[] s_sets = ["fluent-emoji-flat"];
    private static readonly string[] s_ownSets = ["twemoji"]; // by another hand, as a user's own images are not those that a guard was trained on
    private static readonly string[] s_marks = [.. StarterTraining.CategoryMarks.Take(1)];

    /// <summary>Runs what is not done yet, and gives the report in Markdown each time that all variants of a further seed are done.</summary>
    /// <param name="options">How large it is.</param>
    /// <param name="command">The command that repeats it, for the report.</param>
    /// <param name="progress">Told of every step; null: nobody.</param>
    /// <param name="cancellationToken">Stops it; what was measured is kept.</param>
    /// <exception cref="TrainingException">The folder is of another study.</exception>
    public static async IAsyncEnumerable<string> RunAsync(
        AblationOptions options, string command, IProgress<TrainingProgress>? progress = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        using StudyFolder folder = StudyFolder.Take(options);
        for (int seed = 1; seed <= options.Seeds; seed++)
        {
            var run = new SeedRun(options, folder, seed, progress);
            foreach (AblationPlan plan in AblationPlan.All)
            {
                if (!folder.Has(plan, seed))
                {
                    progress?.Report(new TrainingProgress($"Seed {seed}: {plan.Group}: {plan.Name}", 0, 0));
                    TrainedVariant trained = await plan.Train(run, cancellationToken).ConfigureAwait(false);
                    folder.Add(await run.MeasureAsync(plan, trained, cancellationToken).ConfigureAwait(false));
                }
            }

            yield return AblationReport.Write(folder.Results, options with { Seeds = seed }, command);
        }
    }

    /// <summary>Trains the variants of a seed.</summary>
    internal sealed class SeedRun(AblationOptions options, StudyFolder folder, int seed, IProgress<TrainingProgress>? progress)
    {
        /// <summary>The model whose vision tower knows what is where, and which can't answer yet.</summary>
        public async Task<string> SeeingAsync(CancellationToken cancellationToken)
        {
            string made = folder.PathOf("seeing");
            if (!Directory.Exists(made))
            {
                string part = folder.Fresh("part");
                using (var starter = StarterTraining.Create(part, Starter() with { TileSteps = options.TileSteps, LanguageSteps = 0, Seed = 1 }))
                {
                    await TrainAsync(starter, options.TileSteps, cancellationToken).ConfigureAwait(false);
                }

                Directory.Move(part, made);
            }

            return made;
        }

        /// <summary>A model that learnt to answer from policies and check lists: what all further training begins from.</summary>
        public async Task<string> BaseAsync(CancellationToken cancellationToken)
        {
            string made = folder.PathOf($"base-{seed}");
            if (!Directory.Exists(made))
            {
                string part = await AnsweringAsync(options => options with { Kinds = [SceneQuestionKind.Check] }, cancellationToken).ConfigureAwait(false);
                Directory.Move(part, made);
            }

            return made;
        }

        /// <summary>A model that can see learns to answer.</summary>
        public async Task<string> AnsweringAsync(Func<StarterTrainingOptions, StarterTrainingOptions> change, CancellationToken cancellationToken)
        {
            string seeing = await SeeingAsync(cancellationToken).ConfigureAwait(false), part = folder.Fresh("part");
            Directory.CreateDirectory(part);
            foreach (string file in Directory.EnumerateFiles(seeing))
            {
                File.Copy(file, Path.Combine(part, Path.GetFileName(file)));
            }

            using var starter = StarterTraining.Open(part, change(Starter() with { TileSteps = 0, LanguageSteps = options.LanguageSteps, Seed = 100 + seed }));
            await TrainAsync(starter, options.LanguageSteps, cancellationToken).ConfigureAwait(false);
            return part;
        }

        /// <summary>The base learns further from a dataset.</summary>
        public async Task<string> FurtherAsync(Func<StarterDatasetOptions, StarterDatasetOptions> data, Func<TrainingOptions, TrainingOptions> training, CancellationToken cancellationToken)
        {
            TrainingOptions run = training(Further(await BaseAsync(cancellationToken).ConfigureAwait(false), await DataAsync(data(Data()), cancellationToken).ConfigureAwait(false)));
            _ = folder.Fresh("run");
            return (await TrainingSession.RunAsync(run, progress, null, cancellationToken).ConfigureAwait(false)).Checkpoint;
        }

        /// <summary>The base learns further from labels of which a fifth is wrong; after a round those that it is sure are wrong are left out.</summary>
        /// <returns>The checkpoint of the first round, or of the best of two with what it left out.</returns>
        public async Task<TrainedVariant> RoundAsync(int number, CancellationToken cancellationToken)
        {
            string set = await DataAsync(Data() with { Noise = 0.2, Refine = options.TestImages }, cancellationToken).ConfigureAwait(false), output = folder.PathOf($"rounds-{seed}");
            RefinementResult refined = await RefinementLoop.RunAsync(
                new RefinementOptions
                {
                    Training = Further(await BaseAsync(cancellationToken).ConfigureAwait(false), set) with { Output = output, Policy = Directory.EnumerateFiles(Path.Combine(set, "policies")).Order(StringComparer.Ordinal).First() },
                    Rounds = 2,
                    Votes = int.MaxValue,
                    SelfCertainty = SelfCertainty,
                },
                progress, cancellationToken).ConfigureAwait(false);
            return number == 1
                ? new(Path.Combine(output, "round-1", "run", "checkpoint"))
                : new(refined.Checkpoint, await LabelsLeftOut.OfAsync(set, refined.Rounds[0].Rejected.ToHashSet(), cancellationToken).ConfigureAwait(false));
        }

        /// <summary>Asks a checkpoint the questions of the seed's test split.</summary>
        public async Task<AblationResult> MeasureAsync(AblationPlan plan, TrainedVariant trained, CancellationToken cancellationToken)
        {
            string set = await DataAsync(Data(), cancellationToken).ConfigureAwait(false);
            AblationResult result = await AblationResult.MeasureAsync(plan, seed, trained.Checkpoint, Further(trained.Checkpoint, set), progress, cancellationToken).ConfigureAwait(false);
            return result with { LeftOut = trained.LeftOut };
        }

        private static StarterTrainingOptions Starter() => new() { Names = s_names, Sets = s_sets, Marks = s_marks, Products = torch.ScalarType.BFloat16 };

        private StarterDatasetOptions Data() => new() { Names = s_names, Sets = s_ownSets, Split = DatasetSplit.Validation, Marks = s_marks, Train = options.Images, Refine = 1, Test = options.TestImages, PoliciesPerImage = 4, IsDiverse = false, Seed = 1000 + seed };

        private TrainingOptions Further(string model, string set) => new()
        {
            Model = model,
            Data = set,
            Output = folder.PathOf("run"),
            MeasuresTest = false,
            Steps = options.Steps,
            Rows = options.Rows,
            Accumulation = 1,
            Rate = 5e-4,
            WarmUp = 0.1,
            Precision = TrainingPrecision.Bf16,
            Seed = seed,
            EvaluateEvery = 1_000_000,
            SaveEvery = 1_000_000,
            Converts = false,
        };

        private Task TrainAsync(StarterTraining starter, int steps, CancellationToken cancellationToken) =>
            Task.Run(() => starter.Run(new Steps(record => progress?.Report(new TrainingProgress("Training the starter", record.Step + 1, steps, record.Loss))), cancellationToken), cancellationToken);

        private async Task<string> DataAsync(StarterDatasetOptions asked, CancellationToken cancellationToken)
        {
            string made = folder.PathOf(FormattableString.Invariant($"data-{asked.Seed}-{asked.IsDiverse}-{asked.Policies}-{asked.HasPairs}-{asked.Noise}{(asked.SaysWhere ? "" : "-short")}"));
            if (!Directory.Exists(made))
            {
                string part = folder.Fresh("data-part");
                await StarterDataset.WriteAsync(part, asked, cancellationToken).ConfigureAwait(false);
                Directory.Move(part, made);
            }

            return made;
        }
    }

    private sealed class Steps(Action<Optimisation.StepRecord> report) : IProgress<Optimisation.StepRecord>
    {
        public void Report(Optimisation.StepRecord value) => report(value);
    }
}

/// <summary>What training a variant gave.</summary>
/// <param name="Checkpoint">The folder of its checkpoint.</param>
/// <param name="LeftOut">The labels that it left out; null: none were voted on.</param>
internal sealed record TrainedVariant(string Checkpoint, LabelsLeftOut? LeftOut = null);

/// <summary>A variant of a study.</summary>
/// <param name="Group">What is varied.</param>
/// <param name="Name">The variant.</param>
/// <param name="Against">The name of the variant that it differs from in one thing; null: it is what others begin from.</param>
/// <param name="Train">Trains it.</param>
internal sealed record AblationPlan(string Group, string Name, string? Against, Func<AblationStudy.SeedRun, CancellationToken, Task<TrainedVariant>> Train)
{
    private const string Base = "policies and check lists, image first", Default = "verdict, share 1/3 (the default)", FirstRound = "after one round";

    /// <summary>All variants, in the order of the report; each stands behind the one that it differs from.</summary>
    public static IReadOnlyList<AblationPlan> All { get; } =
    [
        new("Untouched", "sees, and never learnt to answer", null, async (run, stop) => new(await run.SeeingAsync(stop).ConfigureAwait(false))),
        new("Learning to answer", Base, null, async (run, stop) => new(await run.BaseAsync(stop).ConfigureAwait(false))),
        Further("Weighted loss", Default, Base),
        Further("Weighted loss", "share of tokens 1/3, as the paper has it", Default, training: options => options with { Weighting = AnswerWeighting.Share }),
        Further("Weighted loss", "off: all tokens alike", Default, training: options => options with { Weighting = AnswerWeighting.Plain }),
        Further("Weighted loss", "the published positional rule", Default, training: options => options with { Weighting = AnswerWeighting.Positional }),
        Further("Weighted loss", "verdict, share 0.1", Default, training: options => options with { Share = 0.1 }),
        Further("Weighted loss", "verdict, share 0.5", Default, training: options => options with { Share = 0.5 }),
        Further("Weighted loss", "verdict, share 0.9", Default, training: options => options with { Share = 0.9 }),
        Further("Questions", "diverse ones too", Default, data => data with { IsDiverse = true }),
        Further("Reasons", "that say where, which the base never did", Default, data => data with { SaysWhere = true }),
        Further("Policies", "one for all images", Default, data => data with { Policies = 1 }),
        Further("Images", "in pairs with one thing exchanged", Default, data => data with { HasPairs = true }),
        Own("right answers (sft)", options => options),
        Own("dpo on its own mistakes", options => options with { Objective = TrainingObjective.Dpo, Rows = Math.Max(1, options.Rows / 4), Rate = 3e-4 }),
        Own("rewards of its own answers (grpo)", options => options with { Objective = TrainingObjective.Grpo, Rows = Math.Max(1, options.Rows / 4), Steps = Math.Max(1, options.Steps!.Value / 2) }),
        new("A fifth of the labels wrong", FirstRound, Default, (run, stop) => run.RoundAsync(1, stop)),
        new("A fifth of the labels wrong", "the best of two, without labels that it was sure are wrong", FirstRound, (run, stop) => run.RoundAsync(2, stop)),
        Answering("all kinds of question", Base, options => options),
        Answering("under policies only", Base, options => Kinds(options)),
        Answering("policy first", Base, options => Kinds(options, SceneQuestionKind.Check) with { IsPolicyFirst = true }),
    ];

    private static AblationPlan Answering(string name, string against, Func<StarterTrainingOptions, StarterTrainingOptions> change) =>
        new("Learning to answer", name, against, async (run, stop) => new(await run.AnsweringAsync(change, stop).ConfigureAwait(false)));

    private static StarterTrainingOptions Kinds(StarterTrainingOptions options, params SceneQuestionKind[] kinds) => options with { Kinds = kinds };

    private static AblationPlan Further(string group, string name, string against, Func<StarterDatasetOptions, StarterDatasetOptions>? data = null, Func<TrainingOptions, TrainingOptions>? training = null) =>
        new(group, name, against, async (run, stop) => new(await run.FurtherAsync(data ?? (asked => asked), training ?? (asked => asked), stop).ConfigureAwait(false)));

    private static AblationPlan Own(string name, Func<TrainingOptions, TrainingOptions> training) => Further(
        "An adapter from the base on", name, Base, null, asked => training(asked with { Adapter = new LowRankOptions { Rank = 16, Alpha = 32 }, Rate = 1e-3 }));
}
