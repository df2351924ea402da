using SafeVision.Policies;

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>From the shares of an answer that names one category to a score for each.</summary>
internal static class CategoryScores
{
    /// <summary>
    /// Score = P(not safe) × share / largest share of a category. An answer names one category even where several harms are
    /// seen; so the harms don't share out one doubt among them: if half says violence and half says weapons, both score 1.
    /// The likeliest category scores what the model thinks of the image as a whole, the others in proportion.
    /// </summary>
    /// <param name="unsafeShare">The probability that the image is not safe, 0 to 1.</param>
    /// <param name="shares">Each category's share of the answers; any scale.</param>
    /// <param name="others">The largest share of a category that the model knows and the policy lacks; 0 if none.</param>
    public static double[] Spread(double unsafeShare, ReadOnlySpan<double> shares, double others = 0)
    {
        double largest = others;
        foreach (double share in shares)
        {
            largest = Math.Max(largest, share);
        }

        double[] scores = new double[shares.Length];
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = largest > 0 ? unsafeShare * (shares[i] / largest) : 0;
        }

        return scores;
    }

    /// <summary>
    /// The position of the category that is worth a reason: the likeliest one, if the model holds the image for harmful or a
    /// score reaches the point where a person should look; -1 otherwise. Equally likely ones are taken in order of their ids.
    /// </summary>
    public static int Primary(SafetyPolicy policy, IReadOnlyList<CategoryAnswer?> answers, double safe)
    {
        int primary = -1;
        bool suspected = false;
        for (int i = 0; i < answers.Count; i++)
        {
            if (answers[i] is not { } answer)
            {
                continue;
            }

            suspected |= answer.Score >= policy.Categories[i].ReviewAt || answer.Probability > safe;
            int order = primary < 0 ? 1 : answer.Probability.CompareTo(answers[primary]!.Value.Probability);
            if (order > 0 || (order == 0 && string.CompareOrdinal(policy.Categories[i].Id, policy.Categories[primary].Id) < 0))
            {
                primary = i;
            }
        }

        return suspected ? primary : -1;
    }
}
