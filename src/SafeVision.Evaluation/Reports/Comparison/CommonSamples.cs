using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Runs;

namespace SafeVision.Evaluation.Reports.Comparison;

/// <summary>Two runs cut down to the samples that both answered, in one order, and what was left out.</summary>
/// <param name="First">The first run's answers.</param>
/// <param name="Second">The second run's answers, in the order of the first.</param>
/// <param name="Notes">What was left out and why.</param>
internal sealed record CommonSamples(EvaluationRun First, EvaluationRun Second, IReadOnlyList<string> Notes)
{
    /// <exception cref="RunException">The runs are of different datasets, or have no sample in common.</exception>
    public static CommonSamples Of(EvaluationDataset dataset, EvaluationRun first, EvaluationRun second)
    {
        if (first.Identity.DatasetHash != second.Identity.DatasetHash)
        {
            throw new RunException(
                $"The runs are of different datasets: {Name(first.Identity)} and {Name(second.Identity)}. Numbers can be compared under the same images and truth only; run both over one dataset.");
        }

        var known = dataset.Samples.Select(sample => sample.Id).ToHashSet(StringComparer.Ordinal);
        ThrowIfTwice(first);
        ThrowIfTwice(second);
        var answers = second.Records.ToDictionary(record => record.Sample, StringComparer.Ordinal);
        List<EvaluationRecord> left = [], right = [];
        int changed = 0, unknown = 0;
        foreach (EvaluationRecord record in first.Records)
        {
            if (!answers.TryGetValue(record.Sample, out EvaluationRecord? other))
            {
                continue;
            }

            if (record.ImageHash != other.ImageHash)
            {
                changed++;
            }
            else if (!known.Contains(record.Sample))
            {
                unknown++;
            }
            else
            {
                left.Add(record);
                right.Add(other);
            }
        }

        if (left.Count == 0)
        {
            throw new RunException(
                $"The runs are not of the same samples: the first has {first.Records.Count} answers, the second {second.Records.Count}, and none is about the same image"
                + $"{(changed > 0 ? $" ({changed} files changed between the runs)" : "")}{(unknown > 0 ? $" ({unknown} are not among the dataset's samples chosen here)" : "")}. Run both over the same samples.");
        }

        List<string> notes = [];
        int union = first.Records.Count + second.Records.Count - left.Count - changed - unknown;
        if (union > left.Count)
        {
            notes.Add($"The runs are not of the same samples: the first has {first.Records.Count} answers, the second {second.Records.Count}. All numbers are about the {left.Count} that both have.");
        }

        if (changed > 0)
        {
            notes.Add($"{changed} images were left out: their files changed between the runs.");
        }

        if (unknown > 0)
        {
            notes.Add($"{unknown} answers were left out: they are about samples that were not chosen here.");
        }

        return new CommonSamples(first with { Records = left }, second with { Records = right }, notes);
    }

    private static void ThrowIfTwice(EvaluationRun run)
    {
        if (run.Records.GroupBy(record => record.Sample, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new RunException($"A run over {Name(run.Identity)} has two answers for the sample '{ReportText.Name(twice.Key)}'. Remove its records and judge the samples anew.");
        }
    }

    private static string Name(RunIdentity identity) => $"{identity.Dataset} {identity.DatasetVersion} ({ReportText.Short(identity.DatasetHash)})";
}
