namespace SafeVision.Training.Objectives;

/// <summary>The form of the preference loss.</summary>
public enum PreferenceLoss
{
    /// <summary>Direct preference optimisation (Rafailov et al., arXiv 2305.18290), with smoothed labels where asked.</summary>
    Sigmoid,

    /// <summary>The same with labels that are known to be wrong at a rate (Chowdhury et al., arXiv 2403.00409).</summary>
    Robust,

    /// <summary>A hinge (Zhao et al., arXiv 2305.10425).</summary>
    Hinge,

    /// <summary>Identity preference optimisation on means over tokens (Azar et al., arXiv 2310.12036).</summary>
    Identity,
}

/// <summary>Learns from pairs of answers to one question: the right one, and the model's own mistake.</summary>
public sealed class PreferenceObjective
{
    /// <summary>The form; default <see cref="PreferenceLoss.Sigmoid"/>.</summary>
    public PreferenceLoss Kind { get; init; }

    /// <summary>How hard the reference holds the model; default 0.1.</summary>
    public double Beta { get; init; } = 0.1;

    /// <summary>The part of labels that may be wrong, from 0 to below 0.5; default 0.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>How much the plain loss of the chosen answers counts beside; default 0.</summary>
    public double SupervisedWeight { get; init; }

    /// <summary>The log-probability of each token of the answers, 0 elsewhere: [rows, tokens - 1].</summary>
    public static Tensor TokenLogProbabilities(Tensor logits, Tensor labels) => SupervisedObjective.TokenLosses(logits, labels).neg();

    /// <summary>The loss of a batch of pairs.</summary>
    /// <param name="chosen">The chosen answers' token log-probabilities under the model: [pairs, tokens].</param>
    /// <param name="rejected">Those of the rejected answers.</param>
    /// <param name="referenceChosen">The chosen answers' under the reference, constants; sums over tokens: [pairs].</param>
    /// <param name="referenceRejected">Those of the rejected answers.</param>
    /// <param name="chosenTokens">How many tokens each chosen answer has: [pairs].</param>
    /// <param name="rejectedTokens">How many each rejected one has.</param>
    /// <returns>The losses of the pairs [pairs], and their mean with the supervised part.</returns>
    public (Tensor Pairs, Tensor Loss) Loss(Tensor chosen, Tensor rejected, Tensor referenceChosen, Tensor referenceRejected, Tensor chosenTokens, Tensor rejectedTokens)
    {
        ArgumentNullException.ThrowIfNull(chosen);
        ArgumentNullException.ThrowIfNull(rejected);
        ArgumentNullException.ThrowIfNull(chosenTokens);
        Tensor better = chosen.sum(1) - referenceChosen, worse = rejected.sum(1) - referenceRejected;
        Tensor margin = better - worse;
        Tensor pairs = Kind switch
        {
            PreferenceLoss.Sigmoid => Weighed(LabelSmoothing),
            PreferenceLoss.Robust => Weighed(-LabelSmoothing).Times(1 / (1 - (2 * LabelSmoothing))),
            PreferenceLoss.Hinge => nn.functional.relu(margin.Times(-Beta).Plus(1)),
            _ => ((better / chosenTokens) - (worse / rejectedTokens)).Plus(-1 / (2 * Beta)).Squared(),
        };
        Tensor loss = pairs.mean();
        return (pairs, SupervisedWeight == 0 ? loss : loss.Plus((chosen.sum() / chosenTokens.sum()).Times(-SupervisedWeight)));

        Tensor Weighed(double wrong) => nn.functional.logsigmoid(margin.Times(Beta)).Times(LabelSmoothing - 1) - nn.functional.logsigmoid(margin.Times(-Beta)).Times(wrong);
    }

    /// <summary>What an answer earns: beta times what the model holds it likelier than the reference does. [pairs].</summary>
    internal Tensor Rewards(Tensor sums, Tensor referenceSums) => (sums - referenceSums).Times(Beta);
}
