namespace SafeVision.Models.Generation;

/// <summary>How likely a model is to go on with each of some choices.</summary>
/// <param name="LogProbabilities">Natural logarithm of each choice's probability among everything the model could say; the sum over its tokens.</param>
/// <param name="Lengths">Each choice's number of tokens.</param>
internal sealed record ChoiceScores(IReadOnlyList<double> LogProbabilities, IReadOnlyList<int> Lengths)
{
    /// <summary>
    /// Each choice's share when nothing else can be said: the softmax of the mean log-probabilities of its tokens, so that a
    /// long name is not at a disadvantage. For choices of one token this is the softmax over their logits.
    /// </summary>
    public double[] Shares() => SoftMax([.. LogProbabilities.Zip(Lengths, (score, length) => score / length)]);

    /// <summary>
    /// Each choice's share when nothing else can be said, by the probability of the choice as a whole: for answers that the
    /// model was trained to give, of which none is unlikely for its length.
    /// </summary>
    public double[] WholeShares() => SoftMax([.. LogProbabilities]);

    /// <summary>A choice's share doesn't depend on the order of the others, to the last bit: they are added up by size.</summary>
    private static double[] SoftMax(double[] logarithms)
    {
        double highest = logarithms.Max(), sum = 0;
        double[] shares = [.. logarithms.Select(logarithm => Math.Exp(logarithm - highest))];
        foreach (double share in shares.Order())
        {
            sum += share;
        }

        for (int i = 0; i < shares.Length; i++)
        {
            shares[i] /= sum;
        }

        return shares;
    }
}
