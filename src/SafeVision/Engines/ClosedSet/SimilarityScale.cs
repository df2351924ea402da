namespace SafeVision.Engines.ClosedSet;

/// <summary>From the similarity of a phrase and a label to how much the label counts for the phrase.</summary>
/// <param name="Midpoint">The cosine at which a label counts half.</param>
/// <param name="Width">The logistic scale, in cosine units.</param>
/// <param name="Least">Below this cosine a label doesn't count, and doesn't cover the phrase; -1: each counts for what it weighs.</param>
internal readonly record struct SimilarityScale(double Midpoint, double Width, double Least)
{
    /// <summary>Whether there are labels that don't count at all.</summary>
    public bool IsCut => Least > -1;

    /// <summary>How much a label of this similarity counts, 0 to 1.</summary>
    public double Relevance(double similarity) => Logistic((similarity - Midpoint) / Width);

    /// <summary>
    /// What the excludes take away. They must come closer to the label than the includes do: in one topic everything is
    /// similar to everything, and "couples kissing in clothes" must not make a model blind to what it was trained to see.
    /// </summary>
    public double Exception(double excluded, double included) => Relevance(excluded) * Logistic((excluded - included) / Width);

    private static double Logistic(double x) => 1 / (1 + Math.Exp(-x));
}
