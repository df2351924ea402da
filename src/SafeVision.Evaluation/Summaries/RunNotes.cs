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

        string[] unseen = [.. run.Categories.Where(category => category.Scores.All(double.IsNaN)).Select(category => category.Id)];
        if (unseen.Length > 0 && all.Records.Count > 0)
        {
            yield return $"These models assessed nothing of {string.Join(", ", unseen)}: it counts as missed wherever it applies.";
        }

        foreach (ScoredCategory category in run.Categories.Where(category => !unseen.Contains(category.Id)))
        {
            int missing = category.Scores.Count(double.IsNaN) - failed;
            if (missing > 0)
            {
                yield return $"{category.Id} was not assessed on {missing} images: it counts as missed where it applies there.";
            }
        }

        string[] few =
        [
            .. run.Categories.Select(category => (category.Id, Positives: category.Applies.Count(applies => applies)))
                .Where(category => category.Positives < FewSamples)
                .Select(category => $"{category.Id} {category.Positives}"),
        ];
        if (few.Length > 0)
        {
            yield return $"Few images show these categories, so their numbers say little: {string.Join(", ", few)}.";
        }
    }
}
