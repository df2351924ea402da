namespace SafeVision.Training.Refinement;

/// <summary>How a model, its labels and its policy refine one another.</summary>
public sealed class RefinementOptions
{
    /// <summary>How each round trains; its output is the folder of all rounds, and its policy the one that is refined.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>The most rounds; default 3.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>What a round must gain on the refine split, as a share, or else no further one is begun; default 0.0001, as published.</summary>
    public double MinimumGain { get; init; } = 0.0001;

    /// <summary>Whether a round begins from the best model so far; otherwise from the first, as published. Default false.</summary>
    public bool StartsFromBest { get; init; }

    /// <summary>Makes the judges of the training labels beside the model itself, for a policy; null or none: labels are left as they are.</summary>
    public Func<SafetyPolicy, CancellationToken, Task<IReadOnlyList<ImageJudge>>>? Judges { get; init; }

    /// <summary>The rule of a round, from the judges' names, of which the model's own is <c>self</c>; null: the paper's with its threshold held to 0.9.</summary>
    public Func<int, IReadOnlyList<string>, VoteRule>? Rule { get; init; }

    /// <summary>Where there are no other judges: a label is rejected if the model, trained on it, still gives it less than this share; null (the default): never.</summary>
    public double? SelfCertainty { get; init; }

    /// <summary>The most training samples whose labels are voted on in a round; default 500.</summary>
    public int Votes { get; init; } = 500;

    /// <summary>Who proposes changes of the policy; null: nobody.</summary>
    public IPolicyEditor? Editor { get; init; }

    /// <summary>How far the policy may change.</summary>
    public PolicyEditLimits Limits { get; init; } = new();

    /// <summary>Says whether a proposal is made; null: none is, and they are only written down.</summary>
    public Func<PolicyProposal, CancellationToken, ValueTask<bool>>? Approve { get; init; }
}

/// <summary>What a round came to.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Refine">The trained model on the refine split.</param>
/// <param name="Gained">Whether it is better than the best before it.</param>
/// <param name="Failures">How often which category was taken for which, as <c>truth → verdict</c>.</param>
/// <param name="Rejected">The training samples whose labels the judges rejected after it.</param>
/// <param name="Proposals">The changes of the policy that were proposed after it.</param>
/// <param name="Made">Those that were made.</param>
/// <param name="Policy">The hash of the policy that it trained under.</param>
public sealed record RefinementRound(
    int Number, VerdictMetrics Refine, bool Gained, IReadOnlyDictionary<string, int> Failures, IReadOnlyList<string> Rejected, IReadOnlyList<PolicyProposal> Proposals, IReadOnlyList<PolicyProposal> Made, string Policy);

/// <summary>What refining came to.</summary>
/// <param name="Rounds">All rounds.</param>
/// <param name="Best">The number of the best.</param>
/// <param name="Before">The first model on the test split, which no round has seen; null where the dataset has none.</param>
/// <param name="After">The best round's on the same.</param>
/// <param name="Checkpoint">The best round's checkpoint.</param>
/// <param name="Policy">The policy that it was trained under.</param>
/// <param name="Model">The folder that <c>UseVisionLanguageModel</c> takes; null where it was not converted.</param>
public sealed record RefinementResult(IReadOnlyList<RefinementRound> Rounds, int Best, VerdictMetrics? Before, VerdictMetrics? After, string Checkpoint, string Policy, string? Model);

/// <summary>Self-refinement (arXiv 2510.23960): train; judge the refine split; look at the failures by category; let judges reject
/// labels; propose changes of the policy; train again. The best round is kept, a policy under which a round got worse is taken
/// back, each round has a folder that no other writes into, and the test split is looked at once, at the end.</summary>
public static class RefinementLoop
{
    private const string Self = "self";

    /// <summary>Runs all rounds, or goes on where they were stopped.</summary>
    /// <exception cref="TrainingException">A round can't begin or go on.</exception>
    /// <exception cref="ArgumentException">There is no policy to refine under.</exception>
    public static async Task<RefinementResult> RunAsync(RefinementOptions options, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        string folder = options.Training.Output, policyFile = options.Training.Policy ?? throw new ArgumentException("Refining needs the policy that it refines (--policy).");
        SafetyPolicy policy = SafetyPolicy.FromFile(policyFile);
        TrainingDataset dataset = await TrainingDataset.OpenAsync(options.Training.Data, cancellationToken).ConfigureAwait(false);
        var rounds = new List<RefinementRound>();
        var excluded = new SortedSet<string>(StringComparer.Ordinal);
        (RefinementRound Round, SafetyPolicy Policy)? best = null;
        for (int number = 1; number <= options.Rounds; number++)
        {
            string own = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"round-{number}")), done = Path.Combine(own, "round.json");
            string text = Path.Combine(own, Path.GetFileName(policyFile)), without = Path.Combine(own, "excluded.json");
            Directory.CreateDirectory(own);
            await KeepAsync(text, policy.ToYaml(), cancellationToken).ConfigureAwait(false);
            await KeepAsync(without, JsonSerializer.Serialize(excluded), cancellationToken).ConfigureAwait(false);
            TrainingOptions training = options.Training with
            {
                Output = Path.Combine(own, "run"),
                Policy = text,
                Excluded = without,
                Converts = false,
                MeasuresTest = false,
                Model = options.StartsFromBest && best is { } start ? CheckpointOf(folder, start.Round.Number) : options.Training.Model,
            };
            progress?.Report(new TrainingProgress($"Round {number} of at most {options.Rounds}", 0, 0));
            TrainingResult trained = await TrainingSession.RunAsync(training, progress, null, cancellationToken).ConfigureAwait(false);
            VerdictMetrics refine = trained.Refine ?? throw new TrainingException($"{options.Training.Data}: no sample of the split refine asks for a verdict, so rounds can't be compared.");
            RefinementRound round;
            if (File.Exists(done))
            {
                round = JsonSerializer.Deserialize<RefinementRound>(await File.ReadAllBytesAsync(done, cancellationToken).ConfigureAwait(false), RunFolder.Json)!;
            }
            else
            {
                bool gained = best is null || refine.Right > best.Value.Round.Refine.Right + options.MinimumGain;
                round = await LookAsync(options, training, number, refine, gained, policy, dataset, trained.Checkpoint, progress, cancellationToken).ConfigureAwait(false);
                WholeFile.Write(done, JsonSerializer.Serialize(round, RunFolder.Json));
            }

            rounds.Add(round);
            if (!round.Gained)
            {
                break; // what this round changed, its policy included, is taken back with it
            }

            best = (round, policy);
            excluded.UnionWith(round.Rejected);
            SafetyPolicy next = round.Made.Aggregate(policy, (edited, proposal) => options.Limits.Apply(edited, proposal) ?? edited);
            if (round.Rejected.Count == 0 && next == policy && !options.StartsFromBest)
            {
                break; // the next round would be this one again
            }

            policy = next;
        }

        return await FinishAsync(options, dataset, rounds, best!.Value, folder, progress, cancellationToken).ConfigureAwait(false);
    }

    private static string CheckpointOf(string folder, int number) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"round-{number}"), "run", "checkpoint");

    /// <summary>What a trained round shows: failures by category, votes on labels, proposals for the policy.</summary>
    private static async Task<RefinementRound> LookAsync(
        RefinementOptions options, TrainingOptions training, int number, VerdictMetrics refine, bool gained, SafetyPolicy policy, TrainingDataset dataset, string checkpoint, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        List<TrainingSample> refining = await dataset.ReadRefineAsync(cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
        var things = new NamedThings();
        refining.ForEach(things.Add);
        using var judge = await LoadedModel.OpenAsync(checkpoint, training, dataset, policy, cancellationToken).ConfigureAwait(false);
        JudgedWrongly[] wrong =
        [
            .. (await judge.JudgeAsync(refining, "Judging the refine split", progress, cancellationToken).ConfigureAwait(false)).Where(answer => !answer.IsRight)
                .Select(answer => new JudgedWrongly(answer.Question.Sample, answer.Verdict == 0 ? null : answer.Question.Categories[answer.Verdict - 1], things.Of(answer.Question.Sample.ImageHash))),
        ];
        SortedDictionary<string, int> failures = new(
            wrong.GroupBy(mistake => $"{mistake.Sample.Category ?? "safe"} → {mistake.Predicted ?? "safe"}").ToDictionary(group => group.Key, group => group.Count()), StringComparer.Ordinal);
        if (!gained || number == options.Rounds)
        {
            return new RefinementRound(number, refine, gained, failures, [], [], [], policy.ContentHash);
        }

        IReadOnlyList<string> rejected = await VoteAsync(options, number, policy, dataset, judge, progress, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<PolicyProposal> proposals = options.Editor is { } editor ? await editor.ProposeAsync(policy, wrong, cancellationToken).ConfigureAwait(false) : [];
        var made = new List<PolicyProposal>();
        foreach (PolicyProposal proposal in proposals.Where(proposal => options.Limits.Apply(policy, proposal) is not null))
        {
            if (options.Approve is { } approve && await approve(proposal, cancellationToken).ConfigureAwait(false))
            {
                made.Add(proposal);
            }
        }

        return new RefinementRound(number, refine, gained, failures, rejected, proposals, made, policy.ContentHash);
    }

    /// <summary>The training samples whose labels the judges reject; the model itself is one of them.</summary>
    private static async Task<IReadOnlyList<string>> VoteAsync(
        RefinementOptions options, int number, SafetyPolicy policy, TrainingDataset dataset, LoadedModel model, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        IReadOnlyList<ImageJudge> judges = options.Judges is { } make ? await make(policy, cancellationToken).ConfigureAwait(false) : [];
        if (judges.Count == 0 && options.SelfCertainty is null)
        {
            return [];
        }

        VoteRule? rule = judges.Count == 0 ? null : options.Rule?.Invoke(number, [Self, .. judges.Select(judge => judge.Name)]) ?? VoteRule.Paper(number, Self, [.. judges.Select(judge => judge.Name)], highestThreshold: 0.9);
        if (rule is not null)
        {
            progress?.Report(new TrainingProgress(rule.Describe(), 0, 0));
        }

        List<TrainingSample> asked = await dataset.ReadTrainAsync(cancellationToken).Where(model.IsJudged).Take(options.Votes).ToListAsync(cancellationToken).ConfigureAwait(false);
        var rejected = new List<string>();
        foreach (JudgedQuestion answer in await model.JudgeAsync(asked, "Voting on labels", progress, cancellationToken).ConfigureAwait(false))
        {
            TrainingSample sample = answer.Question.Sample;
            if (rule is null)
            {
                if (answer.Shares[answer.Question.Truth] < options.SelfCertainty)
                {
                    rejected.Add(sample.Id);
                }

                continue;
            }

            var votes = new Dictionary<string, JudgeVote> { [Self] = answer.IsRight ? JudgeVote.Yes : JudgeVote.No };
            policy.TryGetCategory(sample.Category ?? "", out SafetyCategory? category);
            foreach (ImageJudge judge in judges)
            {
                votes[judge.Name] = (await judge.AskAsync(dataset.OpenImage(sample), policy, category, cancellationToken).ConfigureAwait(false)).Vote;
            }

            if (rule.Decide(votes) == VoteOutcome.Rejected)
            {
                rejected.Add(sample.Id);
            }
        }

        return rejected;
    }

    /// <summary>Measures the first model and the best on the test split, once, and converts the best.</summary>
    private static async Task<RefinementResult> FinishAsync(
        RefinementOptions options, TrainingDataset dataset, List<RefinementRound> rounds, (RefinementRound Round, SafetyPolicy Policy) best, string folder, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        List<TrainingSample> test = await dataset.ReadTestAsync(cancellationToken).Select(held => held.Sample).ToListAsync(cancellationToken).ConfigureAwait(false);
        string checkpoint = CheckpointOf(folder, best.Round.Number), policyFile = Path.Combine(folder, $"round-{best.Round.Number}", Path.GetFileName(options.Training.Policy!));
        VerdictMetrics? before = null, after = null;
        if (test.Count > 0)
        {
            SafetyPolicy first = SafetyPolicy.FromFile(options.Training.Policy!);
            using (var untouched = await LoadedModel.OpenUntouchedAsync(options.Training, dataset, first, Path.Combine(folder, "untouched"), cancellationToken).ConfigureAwait(false))
            {
                before = await untouched.MeasureAsync(test, "Judging the test split, before", progress, cancellationToken).ConfigureAwait(false);
            }

            using var trained = await LoadedModel.OpenAsync(checkpoint, options.Training, dataset, best.Policy, cancellationToken).ConfigureAwait(false);
            after = await trained.MeasureAsync(test, "Judging the test split, after", progress, cancellationToken).ConfigureAwait(false);
        }

        string? model = options.Training.Converts ? await TrainingSession.ConvertAsync(folder, checkpoint, progress, cancellationToken).ConfigureAwait(false) : null;
        var result = new RefinementResult(rounds, best.Round.Number, before, after, checkpoint, policyFile, model);
        await File.WriteAllTextAsync(Path.Combine(folder, RunFolder.ResultFile), JsonSerializer.Serialize(result, RunFolder.Json), cancellationToken).ConfigureAwait(false);
        return result;
    }

    /// <summary>Writes a round's input once; a round that is gone on with must have the same.</summary>
    private static async Task KeepAsync(string path, string text, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            WholeFile.Write(path, text);
        }
        else if (await File.ReadAllTextAsync(path, cancellationToken).ConfigureAwait(false) != text)
        {
            throw new TrainingException($"{path}: differs from what this round would be given now, so the rounds can't be gone on with. Name another folder.");
        }
    }
}
