using System.Numerics.Tensors;

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
    public double[] Shares()
    {
        double[] shares = new double[LogProbabilities.Count];
        for (int i = 0; i < shares.Length; i++)
        {
            shares[i] = LogProbabilities[i] / Lengths[i];
        }

        TensorPrimitives.SoftMax<double>(shares, shares);
        return shares;
    }
}
