namespace SafeVision.Engines.ClosedSet;

/// <summary>How the classifier engine compares phrases with labels and how much of a picture it looks at.</summary>
public sealed class ClassifierEngineOptions
{
    /// <summary>
    /// The cosine similarity at which a label counts half for a phrase, 0 to 1. Default: 0.65, where phrases and labels of
    /// one meaning part from those of merely one topic.
    /// </summary>
    public double SimilarityMidpoint { get; set; } = 0.65;

    /// <summary>
    /// Below this cosine similarity a label doesn't count at all, and a phrase that no label reaches is not covered, 0 to 1.
    /// Default: 0.60. Many labels that are a little similar must not add up to evidence.
    /// </summary>
    public double LeastSimilarity { get; set; } = 0.60;

    /// <summary>How fast a label's weight rises around the midpoint, above 0: the logistic scale in cosine units. Default: 0.03.</summary>
    public double SimilarityScale { get; set; } = 0.03;

    /// <summary>
    /// Whether drawings, emoji and signs are judged by the head for drawings as well, where the engine has one. Default: true.
    /// False leaves the network's own labels alone, whatever the picture.
    /// </summary>
    public bool JudgesDrawings { get; set; } = true;

    /// <summary>
    /// The cosine similarity at which a thing that the head for drawings knows counts half for a phrase, 0 to 1. Things that
    /// are less similar count for what little that leaves them: fewer are known, and a drawing hardly looks like any other.
    /// Default: 0.60.
    /// </summary>
    public double DrawnSimilarityMidpoint { get; set; } = 0.60;

    /// <summary>Which parts of a picture are shown to the network. Default: <see cref="ViewPlan.Whole"/>.</summary>
    public ViewPlan Views { get; set; } = ViewPlan.Whole;

    internal ClassifierEngineOptions Validate()
    {
        ReadOnlySpan<double> cosines = [SimilarityMidpoint, LeastSimilarity, SimilarityScale, DrawnSimilarityMidpoint];
        foreach (double cosine in cosines)
        {
            if (!(cosine is > 0 and < 1))
            {
                throw new ArgumentException(
                    $"SimilarityMidpoint, LeastSimilarity, SimilarityScale and DrawnSimilarityMidpoint must lie between 0 and 1, but are {string.Join(", ", cosines.ToArray())}.");
            }
        }

        return Enum.IsDefined(Views)
            ? (ClassifierEngineOptions)MemberwiseClone()
            : throw new ArgumentException($"Views must be one of {string.Join(", ", Enum.GetNames<ViewPlan>())}, but is {Views}.");
    }
}
