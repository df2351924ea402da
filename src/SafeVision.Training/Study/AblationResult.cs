namespace SafeVision.Training.Study;

/// <summary>What a variant came to with one seed.</summary>
/// <param name="Group">What is varied.</param>
/// <param name="Name">The variant.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Right">For each test image how many of its two questions were answered exactly right; in the same order for all variants of a seed.</param>
/// <param name="Metrics">The verdicts as numbers.</param>
/// <param name="Reasons">Reasons that were looked at: those of right verdicts that something is forbidden.</param>
/// <param name="NamePresent">Of these, how many name a thing that is there.</param>
/// <param name="NameOffender">Of these, how many name the thing that is forbidden.</param>
internal sealed record AblationResult(string Group, string Name, int Seed, IReadOnlyList<int> Right, VerdictMetrics Metrics, int Reasons, int NamePresent, int NameOffender)
{
    /// <summary>Of a variant that left out labels: how many of how many, and how many of these were wrong; null for others.</summary>
    public LabelsLeftOut? LeftOut { get; init; }

    private const int MostReasons = 50;

    /// <summary>Asks a checkpoint the questions of a dataset's test split.</summary>
    public static async Task<AblationResult> MeasureAsync(AblationPlan plan, int seed, string checkpoint, TrainingOptions options, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        TrainingDataset dataset = await TrainingDataset.OpenAsync(options.Data, cancellationToken).ConfigureAwait(false);
        var lists = new NamedThings();
        var samples = new List<TrainingSample>();
        await foreach (HeldOutSample held in dataset.ReadTestAsync(cancellationToken).ConfigureAwait(false))
        {
            lists.Add(held.Sample);
            samples.Add(held.Sample);
        }

        using LoadedModel model = await LoadedModel.OpenAsync(checkpoint, options, dataset, null, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<JudgedQuestion> judged = await model.JudgeAsync(samples, "Judging the test split", progress, cancellationToken).ConfigureAwait(false);
        var judge = new PolicyJudge(model.Network, model.Encoder);
        int reasons = 0, present = 0, offender = 0;
        foreach (JudgedQuestion answer in judged.Where(answer => answer.IsRight && answer.Verdict > 0).Take(MostReasons))
        {
            TrainingSample sample = answer.Question.Sample;
            string said = judge.Explain(answer.Question, answer.Verdict);
            CriticalSpan name = sample.Turns[^1].Critical.First(span => span.Role == CriticalRole.Offender);
            reasons++;
            present += lists.Names(sample.ImageHash, said) == true ? 1 : 0;
            offender += NamedThings.Words(said).Contains(sample.Turns[^1].Answer.Substring(name.Start, name.Length)) ? 1 : 0;
        }

        return new AblationResult(
            plan.Group, plan.Name, seed, [.. judged.GroupBy(answer => answer.Question.Sample.ImageHash).Select(image => image.Count(answer => answer.IsRight))], VerdictMetrics.Of(judged, reasons == 0 ? null : present / (double)reasons), reasons, present, offender);
    }
}

/// <summary>What voting on labels came to.</summary>
/// <param name="Labels">All labels to train on.</param>
/// <param name="Wrong">Of these, the wrong ones.</param>
/// <param name="Rejected">Of all, those that were left out.</param>
/// <param name="RejectedWrong">Of the wrong ones, those that were left out.</param>
internal sealed record LabelsLeftOut(int Labels, int Wrong, int Rejected, int RejectedWrong)
{
    /// <summary>Counts what was left out of a dataset's labels.</summary>
    public static async Task<LabelsLeftOut> OfAsync(string set, IReadOnlySet<string> rejected, CancellationToken cancellationToken)
    {
        TrainingDataset dataset = await TrainingDataset.OpenAsync(set, cancellationToken).ConfigureAwait(false);
        List<TrainingSample> labels = await dataset.ReadTrainAsync(cancellationToken).Where(sample => sample.Kind == QuestionKind.Policy).ToListAsync(cancellationToken).ConfigureAwait(false);
        List<TrainingSample> wrong = labels.FindAll(sample => sample.Provenance.Judge == StarterDataset.WrongJudge);
        return new LabelsLeftOut(labels.Count, wrong.Count, rejected.Count, wrong.Count(sample => rejected.Contains(sample.Id)));
    }
}
