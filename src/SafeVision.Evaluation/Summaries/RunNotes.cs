using SafeVision.Evaluation.Runs;

namespace SafeVision.Evaluation.Summaries;

/// <summary>What a reader must know to read a run's numbers rightly.</summary>
internal static class RunNotes
{
    private const int FewSamples = 30; // below, a share moves by three points with a single sample

    public static IEnumerable<string> Of(ScoredRun run)
    {
        EvaluationRun all = run.Run;
        if (!all.IsComplete)
        {
            yield return $"The run is not finished: {all.Records.Count} of {all.Identity.Samples} samples have an answer.";
        }

        if (all.Identity.Transform != "none")
        {
            yield return $"Every image went through '{all.Identity.Transform}' before it was judged.";
        }

        if (run.NotAnnotated.Count > 0)
        {
            yield return $"The dataset does not say where these categories apply, so no number is about them: {string.Join(", ", run.NotAnnotated)}.";
        }

        int failed = all.Records.Count(record => record.Result.Failure is not null);
        if (failed > 0)
        {
            string reasons = string.Join(", ", all.Records.Where(record => record.Result.Failure is not null)
                .GroupBy(record => record.Result.Failure!.Reason).OrderByDescending(group => group.Count()).Select(group => $"{group.Key} {group.Count()}"));
            yield return $"{failed} images could not be judged ({reasons}). They count as not flagged, though the policy's onFailure decided about them.";
        }

        foreach (ScoredCategory category in run.Categories)
        {
            int positives = category.Applies.Count(applies => applies);
            int missing = category.Scores.Count(double.IsNaN);
            if (missing == category.Scores.Count)
            {
                yield return $"{category.Id}: not assessed by these models on any image; it counts as missed where it applies.";
            }
            else if (missing > failed)
            {
                yield return $"{category.Id}: not assessed on {missing - failed} images; it counts as missed where it applies there.";
            }

            if (positives < FewSamples)
            {
                yield return $"{category.Id}: {(positives == 0 ? "no image shows it" : $"only {positives} images show it")}, so its numbers say little.";
            }
        }
    }
}
