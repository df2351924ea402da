namespace SafeVision.Training.Runs;

/// <summary>What a step of a run learns from.</summary>
internal interface IRunObjective
{
    /// <summary>Batches in one pass over everything.</summary>
    int Batches { get; }

    /// <summary>The rows of a batch, by the samples' places; prepared while another is computed.</summary>
    Task<object> PrepareAsync(IReadOnlyList<int> places, CancellationToken cancellationToken);

    /// <summary>The loss of a prepared batch.</summary>
    Tensor Loss(object prepared, long step, IDictionary<string, double> told);
}

/// <summary>Right answers, weighted.</summary>
internal sealed class SupervisedRun(TrainableNetwork network, SampleEncoder encoder, IReadOnlyList<TrainingSample> samples, SupervisedObjective objective) : IRunObjective
{
    public int Batches => samples.Count;

    public async Task<object> PrepareAsync(IReadOnlyList<int> places, CancellationToken cancellationToken)
    {
        var rows = new List<(TokenRow, PreparedImage)>();
        foreach (int place in places)
        {
            EncodedSample encoded = await encoder.EncodeAsync(samples[place], cancellationToken).ConfigureAwait(false);
            rows.Add((encoded.Row, encoded.Image));
        }

        return rows;
    }

    public Tensor Loss(object prepared, long step, IDictionary<string, double> told)
    {
        TokenBatch batch = encoder.Batch((List<(TokenRow, PreparedImage)>)prepared);
        if (objective.Weighting == AnswerWeighting.Positional)
        {
            return objective.Loss(network.Forward(batch), batch.Ids, batch.Labels, batch.Critical); // its weights hang on the whole row
        }

        int from = batch.FirstLearnt;
        return objective.Loss(network.Forward(batch, network.See(batch), from), Rest(batch.Ids), Rest(batch.Labels), batch.Critical is { } critical ? Rest(critical) : null);

        Tensor Rest(Tensor whole) => whole.narrow(1, from, whole.shape[1] - from);
    }
}

/// <summary>A question with the right answer and the model's own wrong one.</summary>
/// <param name="Id">The sample's id.</param>
/// <param name="Chosen">The right answer's tokens.</param>
/// <param name="Rejected">The model's own.</param>
/// <param name="ReferenceChosen">The log-probability of the right answer before the run.</param>
/// <param name="ReferenceRejected">That of the model's own.</param>
internal sealed record PreferencePair(string Id, IReadOnlyList<int> Chosen, IReadOnlyList<int> Rejected, double ReferenceChosen, double ReferenceRejected);

/// <summary>Pairs from the model's own mistakes; what the model held of both answers before the run is computed once and kept.</summary>
internal sealed class PreferenceRun(
    TrainableNetwork network, SampleEncoder encoder, IReadOnlyDictionary<string, TrainingSample> samples, IReadOnlyList<PreferencePair> pairs, PreferenceObjective objective) : IRunObjective
{
    public int Batches => pairs.Count;

    /// <summary>Draws answers to samples' questions, and pairs the first mistake with the right answer: a wrong verdict, one that can't be
    /// read, or a reason that names nothing that is there. Drawn, as the likeliest answers alone are mistaken only where the model is
    /// surest against the truth: pairs of those teach it to turn its verdicts round, right ones too.</summary>
    public static async Task<IReadOnlyList<PreferencePair>> CollectAsync(
        TrainableNetwork network, SampleEncoder encoder, IReadOnlyList<TrainingSample> samples, NamedThings truth, TrainingOptions options, Action<int> done, CancellationToken cancellationToken)
    {
        var judge = new PolicyJudge(network, encoder);
        var pairs = new List<PreferencePair>();
        foreach ((int i, TrainingSample sample) in samples.Index())
        {
            cancellationToken.ThrowIfCancellationRequested();
            PolicyQuestion question = (await encoder.AskAsync(sample, VisionLanguageMode.Comprehension, cancellationToken).ConfigureAwait(false))!;
            (IReadOnlyList<int> critical, IReadOnlyList<int> rest) = encoder.Parts(question.Policy, question.Truth, SampleEncoder.Reason(sample));
            int[] chosen = [.. critical, .. rest];
            using var chance = new Generator(unchecked((ulong)((options.Seed * 1_000_003) + i)));
            IReadOnlyList<int>? rejected = judge.Draw(question, options.Answers, options.Temperature, chance).FirstOrDefault(answer => AnswerReward.IsMistaken(question, answer, encoder.Prompts, truth));
            if (rejected is not null && !rejected.SequenceEqual(chosen))
            {
                using IDisposable still = no_grad();
                using DisposeScope scope = NewDisposeScope();
                double[] sums = Logs(network, encoder, [(question, chosen), (question, rejected)]).Logs.sum(1).cpu().to(ScalarType.Float64).data<double>().ToArray();
                pairs.Add(new PreferencePair(sample.Id, chosen, rejected, sums[0], sums[1]));
            }

            done(i + 1);
        }

        return pairs.Count > 0 ? pairs : throw new TrainingException(
            $"The model makes no mistake on the {samples.Count} samples that it was asked about, so there is nothing to prefer. More samples (--evaluate-samples), harder ones, or --objective sft help.");
    }

    public async Task<object> PrepareAsync(IReadOnlyList<int> places, CancellationToken cancellationToken)
    {
        var rows = new List<(PreferencePair, PolicyQuestion)>();
        foreach (int place in places)
        {
            rows.Add((pairs[place], (await encoder.AskAsync(samples[pairs[place].Id], VisionLanguageMode.Comprehension, cancellationToken).ConfigureAwait(false))!));
        }

        return rows;
    }

    public Tensor Loss(object prepared, long step, IDictionary<string, double> told)
    {
        var rows = (List<(PreferencePair Pair, PolicyQuestion Question)>)prepared;
        Device device = network.Weights.Device;
        Tensor chosen = Logs(network, encoder, [.. rows.Select(row => (row.Question, row.Pair.Chosen))]).Logs, rejected = Logs(network, encoder, [.. rows.Select(row => (row.Question, row.Pair.Rejected))]).Logs;
        (Tensor pairLosses, Tensor loss) = objective.Loss(
            chosen, rejected, Numbers(pair => pair.ReferenceChosen), Numbers(pair => pair.ReferenceRejected), Numbers(pair => pair.Chosen.Count), Numbers(pair => pair.Rejected.Count));
        told["preferred"] = (chosen.sum(1) - rejected.sum(1)).Above(0).to(ScalarType.Float32).mean().ToDouble();
        told["pairLoss"] = pairLosses.mean().ToDouble();
        return loss;

        Tensor Numbers(Func<PreferencePair, double> number) => tensor(rows.Select(row => (float)number(row.Pair)).ToArray(), device: device);
    }

    /// <summary>The log-probabilities of answers' tokens, 0 elsewhere, and where they are: [rows, tokens from the first answer on].</summary>
    internal static (Tensor Logs, Tensor Mask) Logs(TrainableNetwork network, SampleEncoder encoder, IReadOnlyList<(PolicyQuestion Question, IReadOnlyList<int> Answer)> rows)
    {
        TokenBatch batch = encoder.Batch([.. rows.Select(row => (PolicyJudge.Row(row.Question.Prompt, row.Answer), row.Question.Image))]);
        int from = batch.FirstLearnt;
        Tensor labels = batch.Labels.narrow(1, from, batch.Labels.shape[1] - from).to(network.Weights.Device);
        return (PreferenceObjective.TokenLogProbabilities(network.Forward(batch, network.See(batch), from), labels), labels.narrow(1, 1, labels.shape[1] - 1).IsNot(SupervisedObjective.Ignored));
    }
}

/// <summary>Answers drawn from the model, rewarded by what can be checked, each compared with the others to its question.</summary>
internal sealed class RewardRun(TrainableNetwork network, SampleEncoder encoder, IReadOnlyList<TrainingSample> samples, NamedThings truth, GroupObjective objective, TrainingOptions options) : IRunObjective
{
    private readonly PolicyJudge _judge = new(network, encoder);

    public int Batches => samples.Count;

    public async Task<object> PrepareAsync(IReadOnlyList<int> places, CancellationToken cancellationToken)
    {
        var rows = new List<PolicyQuestion>();
        foreach (int place in places)
        {
            rows.Add((await encoder.AskAsync(samples[place], VisionLanguageMode.Comprehension, cancellationToken).ConfigureAwait(false))!);
        }

        return rows;
    }

    public Tensor Loss(object prepared, long step, IDictionary<string, double> told)
    {
        var rows = new List<(PolicyQuestion Question, IReadOnlyList<int> Answer)>();
        List<double> rewards = [];
        List<long> groups = [];
        foreach ((int i, PolicyQuestion question) in ((List<PolicyQuestion>)prepared).Index())
        {
            // The seed follows from the step and the question, so that a run that was stopped draws what it would have drawn.
            using var chance = new Generator(unchecked((ulong)((options.Seed * 1_000_003) + (step * 4099) + i)));
            foreach (IReadOnlyList<int> answer in _judge.Draw(question, options.Answers, options.Temperature, chance))
            {
                rows.Add((question, answer));
                rewards.Add(AnswerReward.Of(question, answer, encoder.Prompts, truth));
                groups.Add(i);
            }
        }

        (Tensor policy, Tensor mask) = PreferenceRun.Logs(network, encoder, rows);
        Tensor reference = policy.detach();
        if (objective.Beta != 0)
        {
            using IDisposable still = no_grad();
            (Adapters.LowRankAdapter? adapter, network.Weights.Adapter) = (network.Weights.Adapter, null); // the model as it was
            reference = PreferenceRun.Logs(network, encoder, rows).Logs;
            network.Weights.Adapter = adapter;
        }

        told["reward"] = rewards.Average();
        return objective.Loss(policy, policy.detach(), reference, mask, rewards.ToArray(), groups.ToArray());
    }
}

/// <summary>A reward that can be checked against the truth.</summary>
internal static class AnswerReward
{
    /// <summary>For the right verdict, safe or not.</summary>
    public const double Verdict = 1;

    /// <summary>For the right category besides.</summary>
    public const double Category = 0.5;

    /// <summary>For a reason that names something that is there; a safe answer has nothing to name and gets it with the verdict.</summary>
    public const double Reason = 0.5;

    /// <summary>Taken off where the engine could not read the answer, or where it does not end.</summary>
    public const double Malformed = -1;

    public static double Of(PolicyQuestion question, IReadOnlyList<int> answer, PromptEncoder prompts, NamedThings truth)
    {
        int verdict = Read(question, answer, prompts);
        return verdict < 0 ? Malformed
            : verdict > 0 != question.Truth > 0 ? 0
            : Verdict + (verdict == question.Truth ? Category : 0) + (verdict == 0 || Names(question, verdict, answer, prompts, truth) == true ? Reason : 0);
    }

    /// <summary>Whether an answer can't be read, gives another verdict than the right one, or a reason that is known to name nothing that is there.</summary>
    public static bool IsMistaken(PolicyQuestion question, IReadOnlyList<int> answer, PromptEncoder prompts, NamedThings truth)
    {
        int verdict = Read(question, answer, prompts);
        return verdict < 0 || verdict != question.Truth || (verdict > 0 && Names(question, verdict, answer, prompts, truth) == false);
    }

    /// <summary>The verdict of an answer; -1 where the engine could not read it, or it does not end.</summary>
    private static int Read(PolicyQuestion question, IReadOnlyList<int> answer, PromptEncoder prompts)
    {
        EncodedPolicy policy = question.Policy;
        return !prompts.StopTokens.Contains(answer[^1]) ? -1 : Enumerable.Range(0, policy.Answers.Count)
            .Where(i => Begins(answer, i > 0 && policy.Spoken.Count > 0 ? policy.Spoken[i - 1] : [.. policy.Answers[i].TakeWhile(id => id != policy.End), policy.End]))
            .FirstOrDefault(-1);
    }

    private static bool? Names(PolicyQuestion question, int verdict, IReadOnlyList<int> answer, PromptEncoder prompts, NamedThings truth) => question.Policy.Spoken.Count == 0 ? null
        : truth.Names(question.Sample.ImageHash, prompts.Tokenizer.Decode([.. answer.Skip(question.Policy.Spoken[verdict - 1].Count).SkipLast(1)], skipSpecial: true));

    private static bool Begins(IReadOnlyList<int> answer, IReadOnlyList<int> mark) => answer.Count >= mark.Count && mark.Index().All(id => answer[id.Index] == id.Item);
}
