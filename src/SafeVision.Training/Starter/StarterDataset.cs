namespace SafeVision.Training.Starter;

/// <summary>What a dataset of drawn scenes has.</summary>
public sealed record StarterDatasetOptions
{
    /// <summary>The things that scenes show; each one word.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>The icon sets to draw from; empty: all of the training split.</summary>
    public IReadOnlyList<string> Sets { get; init; } = [];

    /// <summary>Images to train on; default 200.</summary>
    public int Train { get; init; } = 200;

    /// <summary>Images to choose by; default 40.</summary>
    public int Refine { get; init; } = 40;

    /// <summary>Images to report on, each under a policy that forbids something in it and under the same with another name in its place; default 40.</summary>
    public int Test { get; init; } = 40;

    /// <summary>Whether an image has diverse questions besides the one under a policy; default true.</summary>
    public bool IsDiverse { get; init; } = true;

    /// <summary>How many policies there are; 0 (the default): each image has its own.</summary>
    public int Policies { get; init; }

    /// <summary>Under how many policies each image to train on is judged; default 1.</summary>
    public int PoliciesPerImage { get; init; } = 1;

    /// <summary>Whether a reason says where the thing is too; default false.</summary>
    public bool SaysWhere { get; init; }

    /// <summary>Whether images to train on come in pairs, with one thing exchanged; default false.</summary>
    public bool HasPairs { get; init; }

    /// <summary>Whether images have two to four tiles of <see cref="ImageSize"/>, with small things; pairs are drawn in one all the same. Default: false.</summary>
    public bool IsTiled { get; init; }

    /// <summary>The part of images to train on whose label is wrong; default 0.</summary>
    public double Noise { get; init; }

    /// <summary>The side of an image; default 112.</summary>
    public int ImageSize { get; init; } = 112;

    /// <summary>The marks of the policies' categories; default <see cref="StarterTraining.CategoryMarks"/>.</summary>
    internal IReadOnlyList<string> Marks { get; init; } = StarterTraining.CategoryMarks;

    /// <summary>Whose drawings are shown; default those to train on.</summary>
    internal DatasetSplit Split { get; init; } = DatasetSplit.Train;

    /// <summary>Everything random follows from it; default 1.</summary>
    public int Seed { get; init; } = 1;
}

/// <summary>Writes a <see cref="TrainingDataset"/> of drawn scenes with exact answers, in the words of a <see cref="StarterCheckpoint"/>.</summary>
public static class StarterDataset
{
    /// <summary>The judge that samples with a wrong label name.</summary>
    internal const string WrongJudge = "chance";

    private static readonly SceneQuestionKind[] s_kinds = [SceneQuestionKind.List, SceneQuestionKind.At, SceneQuestionKind.Where, SceneQuestionKind.Presence, SceneQuestionKind.Which];

    /// <summary>Writes the folder.</summary>
    public static async Task WriteAsync(string folder, StarterDatasetOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        Directory.CreateDirectory(Path.Combine(folder, TrainingDataset.ImagesFolder));
        Directory.CreateDirectory(Path.Combine(folder, TrainingDataset.PoliciesFolder));
        using var scenes = SymbolScenes.Create(new SymbolSceneOptions { Seed = options.Seed, Split = options.Split, Sets = options.Sets, Names = options.Names, KeepsColors = true, MostThings = 2, ImageSize = options.ImageSize });
        using TiledScenes? tiled = options.IsTiled ? new TiledScenes(options.Names, options.Sets, options.ImageSize, options.Seed) : null;
        var writer = new Writer(folder, options, scenes, tiled);
        await TrainingDataset.WriteAsync(folder, writer.SamplesAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private sealed class Writer(string folder, StarterDatasetOptions options, SymbolScenes scenes, TiledScenes? tiled)
    {
        private readonly Random _random = new(options.Seed);
        private readonly List<ScenePolicy> _policies = [];
        private SceneQuestions? _training, _held;

        /// <summary>What is not trained on has chance of its own, so that datasets that are trained on in other ways ask the same there.</summary>
        private SceneQuestions Questions(TrainingSplit split) => split == TrainingSplit.Train
            ? _training ??= new SceneQuestions(options.Names, options.Marks, _random)
            : _held ??= new SceneQuestions(options.Names, options.Marks, new Random(options.Seed + 7919));

        public async IAsyncEnumerable<TrainingSample> SamplesAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            for (int i = 0; i < options.Train + options.Refine + options.Test; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                TrainingSplit split = i < options.Train ? TrainingSplit.Train : i < options.Train + options.Refine ? TrainingSplit.Refine : TrainingSplit.Test;
                if (options.HasPairs && split == TrainingSplit.Train && i + 1 < options.Train)
                {
                    (SymbolScene before, SymbolScene after, _) = scenes.DrawEdit(i);
                    ScenePolicy[] common = Policies(split, Names(before));
                    foreach ((SymbolScene scene, int number, int partner) in new[] { (before, i, i + 1), (after, i + 1, i) })
                    {
                        foreach (TrainingSample sample in await ImageAsync(scene, number, split, common, place => Policy(partner, place), cancellationToken).ConfigureAwait(false))
                        {
                            yield return sample;
                        }
                    }

                    i++;
                    continue;
                }

                SymbolScene drawn = tiled?.Draw(i, i) ?? scenes.Draw(i);
                bool isTest = split == TrainingSplit.Test;
                ScenePolicy[] policies = isTest ? Pair(Questions(split).HeldOutPair(Names(drawn))) : Policies(split, Names(drawn));
                int own = i;
                foreach (TrainingSample sample in await ImageAsync(drawn, i, split, policies, place => isTest ? Policy(own, 1 - place) : null, cancellationToken).ConfigureAwait(false))
                {
                    yield return sample;
                }
            }

            static ScenePolicy[] Pair((ScenePolicy Forbids, ScenePolicy Allows) pair) => [pair.Forbids, pair.Allows];
        }

        private static string[] Names(SymbolScene scene) => [.. scene.Symbols.Select(symbol => symbol.Name).Distinct()];

        private static string Policy(int image, int place) => $"s{image:00000}-policy{place}";

        private ScenePolicy[] Policies(TrainingSplit split, IReadOnlyList<string> shown) =>
            [.. Enumerable.Range(0, split == TrainingSplit.Train ? options.PoliciesPerImage : 1).Select(_ => Policy(split, shown)).DistinctBy(policy => policy.Prompt)];

        private ScenePolicy Policy(TrainingSplit split, IReadOnlyList<string> shown)
        {
            if (split != TrainingSplit.Train)
            {
                return Questions(split).Policy(shown);
            }

            if (options.Policies == 0 || _policies.Count < options.Policies)
            {
                _policies.Add(Questions(split).Policy(shown));
                return _policies[^1];
            }

            return _policies[_random.Next(_policies.Count)];
        }

        private async Task<IReadOnlyList<TrainingSample>> ImageAsync(SymbolScene scene, int number, TrainingSplit split, IReadOnlyList<ScenePolicy> policies, Func<int, string?> partner, CancellationToken cancellationToken)
        {
            byte[] png = RgbImage.Png(scene);
            string image = $"{TrainingDataset.ImagesFolder}/s{number:00000}.png", hash = Convert.ToHexStringLower(SHA256.HashData(png));
            await File.WriteAllBytesAsync(Path.Combine(folder, image), png, cancellationToken).ConfigureAwait(false);
            var samples = new List<TrainingSample>();
            foreach ((int i, ScenePolicy policy) in policies.Index())
            {
                (string mark, string? name) = policy.Judge(Names(scene));
                bool isWrong = split == TrainingSplit.Train && _random.NextDouble() < options.Noise;
                if (isWrong)
                {
                    mark = name is null ? policy.Categories[0].Mark : ScenePolicy.Safe;
                    name = name is null ? options.Names[_random.Next(options.Names.Count)] : null;
                }

                var answer = new AnswerText().Say(mark, CriticalRole.Category);
                if (name is not null)
                {
                    answer.Say(ScenePolicy.Reason, CriticalRole.Reason).Say(" ").Say(name, CriticalRole.Offender);
                    _ = options.SaysWhere && scene.Symbols.FirstOrDefault(symbol => symbol.Name == name) is { } thing ? answer.Say($" at {thing.Position}") : answer;
                }

                string file = await PolicyFileAsync(policy, cancellationToken).ConfigureAwait(false);
                TrainingTurn turn = answer.To(policy.Prompt);
                TrainingSample sample = Sample($"policy{i}", QuestionKind.Policy, turn.Question, turn.Answer);
                samples.Add(sample with
                {
                    Provenance = isWrong ? sample.Provenance with { Judge = WrongJudge } : sample.Provenance,
                    Turns = [turn],
                    Policy = file,
                    Category = name is null ? null : mark.Trim('<', '|', '>').ToLowerInvariant(),
                    Pair = partner(i),
                });
            }

            foreach (SceneQuestionKind kind in options.IsDiverse || split != TrainingSplit.Train ? s_kinds : [])
            {
                SceneQuestion question = Questions(split).Ask(kind, scene);
                samples.Add(Sample(kind.ToString().ToLowerInvariant(), Kind(kind), question.Question, string.Concat(question.Answer.Select(piece => piece.Text))));
            }

            return samples;

            TrainingSample Sample(string name, QuestionKind kind, string question, string answer) => new()
            {
                Id = $"s{number:00000}-{name}",
                Image = image,
                ImageHash = hash,
                Kind = kind,
                Split = split,
                Turns = [new TrainingTurn(question, answer)],
                Provenance = new SampleProvenance { Source = "drawn symbols", Stage = "starter", Judge = "truth" },
            };
        }

        private async Task<string> PolicyFileAsync(ScenePolicy policy, CancellationToken cancellationToken)
        {
            SafetyPolicyBuilder builder = SafetyPolicy.Define("scenes", "1");
            foreach ((string mark, IReadOnlyList<string> names) in policy.Categories)
            {
                builder = builder.Category(mark.Trim('<', '|', '>').ToLowerInvariant(), category => category.Includes([.. names]).ReviewAt(0.4).BlockAt(0.5));
            }

            SafetyPolicy built = builder.Build();
            string name = $"{built.ContentHash[..16]}.yaml";
            await File.WriteAllTextAsync(Path.Combine(folder, TrainingDataset.PoliciesFolder, name), built.ToYaml(), cancellationToken).ConfigureAwait(false);
            return name;
        }

        private static QuestionKind Kind(SceneQuestionKind kind) => kind switch
        {
            SceneQuestionKind.List => QuestionKind.List,
            SceneQuestionKind.At => QuestionKind.WhatAt,
            SceneQuestionKind.Where => QuestionKind.Where,
            SceneQuestionKind.Presence => QuestionKind.Presence,
            _ => QuestionKind.WhichOf,
        };
    }
}
