namespace SafeVision.Training.Data;

/// <summary>Which questions are asked about images, and who answers.</summary>
public sealed class GenerateOptions
{
    /// <summary>The policy that images are judged by. Labels outside its categories are ignored.</summary>
    public required SafetyPolicy Policy { get; init; }

    /// <summary>The text of the model's <c>safevision-prompt.yaml</c>, so that training asks as the engine will; null: the library's own questions.</summary>
    public string? PromptFile { get; init; }

    /// <summary>Who describes images and gives reasons where the truth is not known; null: nobody, and questions that need it are left out.</summary>
    public ImageTeacher? Teacher { get; init; }

    /// <summary>The kinds of question; default all.</summary>
    public IReadOnlyList<QuestionKind> Kinds { get; init; } = Enum.GetValues<QuestionKind>();

    /// <summary>In how many orders of its categories the policy is shown, at least 1; default 4. A model must follow the list and not a place in it.</summary>
    public int Orders { get; init => field = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "There is at least one order."); } = 4;

    /// <summary>Whether each image is also judged by a policy on the other side of a boundary, which judges it differently. Default true.</summary>
    public bool Boundaries { get; init; } = true;

    /// <summary>Whether images with known truth are also judged by policies in names of things, one of which differs in a single name. Default true.</summary>
    public bool ThingPolicies { get; init; } = true;

    /// <summary>Another seed asks otherwise. Default 1.</summary>
    public long Seed { get; init; } = 1;
}

public sealed partial class DataProject
{
    private static readonly QuestionKind[] s_guardKinds =
        [QuestionKind.Caption, QuestionKind.Reason, QuestionKind.Choice, QuestionKind.Existence, QuestionKind.Absence, QuestionKind.Category, QuestionKind.Json];

    private static readonly QuestionKind[] s_thingKinds = [QuestionKind.List, QuestionKind.WhatAt, QuestionKind.Where, QuestionKind.Presence, QuestionKind.WhichOf];

    /// <summary>Writes questions and answers about every image whose labels are known: the paper's eight kinds under
    /// the policy, questions about things where the truth is known, and the same image under policies that judge it
    /// differently. An image of several of the policy's categories is judged by the policy without all but one of them,
    /// so that each question has one right answer.</summary>
    /// <param name="generate">What is asked, and who answers.</param>
    /// <param name="options">How it runs; null for the defaults.</param>
    /// <param name="cancellationToken">Stops it; what is written stays.</param>
    /// <exception cref="TrainingDataException">Nothing is collected, the stage was begun with other options, or a file is damaged.</exception>
    public async Task<StageSummary> GenerateAsync(GenerateOptions generate, StageRunOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(generate);
        GuardQuestions questions = GuardQuestions.Create(generate.PromptFile);
        Dictionary<string, (IReadOnlyList<string> Names, int Labels)> twins = new(StringComparer.Ordinal);
        SortedSet<string> names = new(StringComparer.Ordinal);
        await foreach (ImageRecord record in KeptAsync(Before(Generate), cancellationToken).ConfigureAwait(false))
        {
            if (ImageTruth.Of(record) is { } truth)
            {
                names.UnionWith(truth.Names);
                if (record is { Pair: not null, Labels: { } labels })
                {
                    twins[record.Key] = (truth.Names, generate.Policy.Categories.Count(category => labels.Contains(category.Id, StringComparer.OrdinalIgnoreCase)));
                }
            }
        }

        Keep(generate.Policy);
        var writer = new SampleWriter(this, generate, questions, [.. names], twins);
        return await RunAsync(
            Generate,
            new Dictionary<string, string>
            {
                ["policy"] = generate.Policy.ContentHash,
                ["questions"] = generate.PromptFile is null ? "the library's" : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(generate.PromptFile))),
                ["teacher"] = generate.Teacher?.Name ?? "none",
                ["kinds"] = string.Join(' ', generate.Kinds.Distinct().Order()),
                ["orders"] = generate.Orders.ToString(CultureInfo.InvariantCulture),
                ["boundaries"] = generate.Boundaries.ToString(),
                ["thing policies"] = generate.ThingPolicies.ToString(),
                ["seed"] = generate.Seed.ToString(CultureInfo.InvariantCulture),
            },
            writer.WriteAsync,
            options,
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes the samples of one image.</summary>
    private sealed class SampleWriter(
        DataProject project, GenerateOptions options, GuardQuestions questions, IReadOnlyList<string> names, IReadOnlyDictionary<string, (IReadOnlyList<string> Names, int Labels)> twins)
    {
        private readonly GuardQuestionWriter _guard = new(questions);
        private readonly ThingQuestionWriter _things = new(names);

        public async Task<ImageRecord> WriteAsync(ImageRecord record, CancellationToken cancellationToken)
        {
            if (record.Labels is null)
            {
                return record.Drop("Nobody said what it falls under.");
            }

            try
            {
                // Twins make the same choices, so that the policy that judges them is one and only the image differs.
                string both = record.Pair is { } pair && string.CompareOrdinal(pair, record.Key) < 0 ? pair : record.Key;
                var image = new ImageSamples(record, ImageTruth.Of(record), RandomOf(options.Seed, record.Key), RandomOf(options.Seed, both));
                await AskGuardAsync(image, cancellationToken).ConfigureAwait(false);
                AskThings(image);
                AskInNames(image);
                return image.Samples.Count > 0
                    ? record with { Samples = image.Samples, Skipped = image.Skipped.Count > 0 ? image.Skipped : null }
                    : record.Drop($"Nothing could be asked: {string.Join("; ", image.Skipped.DefaultIfEmpty("no kind of question was wanted"))}.");
            }
            catch (ImageRejectedException error)
            {
                return record.Fail(error.Message);
            }
            catch (ServedModelException error)
            {
                return record.Fail(error.Message);
            }
        }

        private async Task AskGuardAsync(ImageSamples image, CancellationToken cancellationToken)
        {
            SafetyPolicy policy = PolicyVariants.Reordered(options.Policy, image.Common.Next(options.Orders), options.Seed);
            SafetyCategory[] right = [.. policy.Categories.Where(category => image.Record.Labels!.Contains(category.Id, StringComparer.OrdinalIgnoreCase))];
            SafetyCategory? category = right.Length == 0 ? null : right[image.Random.Next(right.Length)];
            policy = right.Length > 1 ? PolicyVariants.With(policy, policy.Categories.Except(right.Where(other => other != category))) : policy;
            (string? caption, string? reason) = await ExplainAsync(image, category, cancellationToken).ConfigureAwait(false);
            var judged = new JudgedImage(policy, category, caption, reason, category is null ? null : image.Truth?.Offender(category.Id)?.Name);
            foreach (QuestionKind kind in s_guardKinds.Where(options.Kinds.Contains))
            {
                (TrainingTurn? turn, string? problem) = _guard.Write(kind, judged, image.Random);
                image.Add(Name(kind), kind, turn is null ? [] : [turn], project.Keep(policy), category?.Id, null, problem);
            }

            if (!options.Kinds.Contains(QuestionKind.Policy))
            {
                return;
            }

            (TrainingTurn? asked, string? why) = _guard.Write(QuestionKind.Policy, judged, image.Random);
            var across = options.Boundaries ? PolicyVariants.Across(policy, category, image.Truth, image.Random) : null;
            string? twin = right.Length <= 1 && image.Record.Pair is { } pair && twins.TryGetValue(pair, out var other) && other.Labels <= 1 ? $"{pair}/policy" : null; // both under one policy
            image.Add("policy", QuestionKind.Policy, asked is null ? [] : [asked], project.Keep(policy), category?.Id, twin ?? (across is null ? null : $"{image.Record.Key}/boundary"), why);
            if (asked is not null && across is { } boundary)
            {
                TrainingTurn turn = _guard.Policy(new JudgedImage(boundary.Policy, boundary.Category, caption, boundary.Reason));
                image.Add("boundary", QuestionKind.Policy, [turn], project.Keep(boundary.Policy), boundary.Category?.Id, $"{image.Record.Key}/policy", null);
            }
        }

        private async Task<(string? Caption, string? Reason)> ExplainAsync(ImageSamples image, SafetyCategory? category, CancellationToken cancellationToken)
        {
            string? caption = image.Truth?.Caption;
            string? reason = category is null
                ? (image.Truth is null ? null : $"{image.Truth.Caption[..^1]}, and nothing of it is forbidden.")
                : image.Record.Reasons?.GetValueOrDefault(category.Id) ?? image.Truth?.Reason(category.Id);
            if (options.Teacher is { } teacher)
            {
                caption ??= image.Told(teacher.Name, await teacher.DescribeAsync(project.OpenImage(image.Record), category, cancellationToken).ConfigureAwait(false));
                reason ??= image.Told(teacher.Name, await teacher.ExplainAsync(project.OpenImage(image.Record), category, caption, cancellationToken).ConfigureAwait(false));
            }

            return (caption, reason);
        }

        private void AskThings(ImageSamples image)
        {
            if (image.Truth is not { } truth)
            {
                return;
            }

            foreach (QuestionKind kind in s_thingKinds.Where(options.Kinds.Contains))
            {
                image.Add(Name(kind), kind, _things.Write(kind, truth, image.Random), null, null, null, "the image or the names do not allow it");
            }
        }

        private void AskInNames(ImageSamples image)
        {
            if (image.Truth is null || !options.ThingPolicies || !options.Kinds.Contains(QuestionKind.Policy))
            {
                return;
            }

            // Of twins the thing that was exchanged is forbidden, or the one that it was exchanged for; of an image alone, a thing that it shows.
            string[] twin = [.. image.Record.Pair is { } pair && twins.TryGetValue(pair, out var other) ? other.Names : []];
            string[] apart = [.. image.Truth.Names.Except(twin).Concat(twin.Except(image.Truth.Names)).Order(StringComparer.Ordinal)];
            string[] absent = [.. names.Except(image.Truth.Names).Except(twin)];
            if (apart.Length == 0 || absent.Length == 0)
            {
                image.Skipped.Add("things: there is no other name to put into a policy");
                return;
            }

            string forbidden = apart[image.Common.Next(apart.Length)];
            string instead = absent[image.Common.Next(absent.Length)];
            (SafetyPolicy first, SafetyPolicy second, int place) = PolicyVariants.InNames(forbidden, instead, [.. absent.Where(name => name != instead)], image.Common);
            Ask(first, "things", twin.Length > 0 ? $"{image.Record.Pair}/things" : $"{image.Record.Key}/things-boundary");
            if (options.Boundaries)
            {
                Ask(second, "things-boundary", $"{image.Record.Key}/things");
            }

            void Ask(SafetyPolicy policy, string name, string partner)
            {
                Evaluation.Datasets.SampleObject? thing = image.Truth.Objects.FirstOrDefault(thing => policy.Categories[place].Includes.Contains(thing.Name));
                SafetyCategory? category = thing is null ? null : policy.Categories[place];
                TrainingTurn turn = _guard.Policy(new JudgedImage(policy, category, image.Truth.Caption, thing is null ? null : ImageTruth.Seen(thing), thing?.Name));
                image.Add(name, QuestionKind.Policy, [turn], project.Keep(policy), category?.Id, partner, null);
            }
        }

        private static string Name(QuestionKind kind) => NameConverter<QuestionKind>.NameOf(kind);
    }

    /// <summary>The samples of an image while they are written.</summary>
    private sealed class ImageSamples(ImageRecord record, ImageTruth? truth, Random random, Random common)
    {
        private SampleProvenance _provenance = record.Provenance with { Stage = Generate, Judge = truth is null ? record.Provenance.Judge : "truth" };

        public ImageRecord Record => record;

        public ImageTruth? Truth => truth;

        /// <summary>Choices of this image's own.</summary>
        public Random Random => random;

        /// <summary>Choices that its twin makes alike; not to be drawn from by what only one of them asks.</summary>
        public Random Common => common;

        public List<TrainingSample> Samples { get; } = [];
        public List<string> Skipped { get; } = [];

        public string? Told(string teacher, TaughtSentence sentence)
        {
            _provenance = _provenance with { Judge = teacher, Prompt = sentence.Prompt, Answer = sentence.Words };
            if (sentence.Problem is { } problem)
            {
                Skipped.Add($"{teacher}: {problem}");
            }

            return sentence.Text;
        }

        public void Add(string name, QuestionKind kind, IReadOnlyList<TrainingTurn> turns, string? policy, string? category, string? pair, string? problem)
        {
            if (turns.Count == 0)
            {
                Skipped.Add($"{name}: {problem}");
                return;
            }

            Samples.Add(new TrainingSample
            {
                Id = $"{record.Key}/{name}",
                Image = record.Image!,
                ImageHash = record.Hash!,
                Kind = kind,
                Turns = turns,
                Policy = policy,
                Category = category,
                Split = TrainingSplit.Train, // until it is split
                Pair = pair,
                Provenance = _provenance,
            });
        }
    }
}
