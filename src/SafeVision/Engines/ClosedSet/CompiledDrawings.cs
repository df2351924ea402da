using System.Numerics.Tensors;
using SafeVision.Assessments;

namespace SafeVision.Engines.ClosedSet;

/// <summary>
/// A policy compiled for what drawings show. The network's own labels and those of the head for drawings both know something:
/// with 0.3 of the one, drawings of other hands are ranked as well as by the head alone (docs/benchmarks.md), and things that
/// no icon shows are still found. What the mass of both is worth as a score, the head's manifest says.
/// </summary>
internal sealed class CompiledDrawings(ClassifierNetwork network, DrawingsHead drawings, CategoryRule[] rules)
{
    /// <summary>How much of a drawing's score the network's own labels have; the rest is the head's.</summary>
    public const float PhotoShare = 0.3f;

    /// <summary>Drawings are not what the network was trained on, and it is too sure of them.</summary>
    public const float Temperature = 1.2f;

    private readonly float _step = (float)(network.Recipe.Rescale / network.Recipe.Std.Green);

    public ClassifierReport Report { get; } = new(network, drawings.Labels, drawings.Head);

    public IReadOnlyList<CategoryRule> Rules => rules;

    public ModelProvenance Model => new("classifier", drawings.Head.Manifest.Id, drawings.Head.Manifest.Sha256, "cpu", null);

    /// <summary>Whether the view is of a drawing, a screen or a document.</summary>
    public bool IsFlat(ReadOnlySpan<float> input) => FlatImage.Is(input, network.Recipe.InputSize, _step);

    /// <summary>The mean over a run's views of the probabilities of what may be drawn: [labels], in the run's buffers.</summary>
    /// <exception cref="Inference.ModelOutputException">The features are not finite.</exception>
    public ReadOnlySpan<float> Read(NetworkRun run)
    {
        int labels = drawings.Head.Labels;
        run.MakeRoomForDrawn(labels);
        Span<float> shares = run.Drawn.AsSpan(0, labels), mean = run.Drawn.AsSpan(labels, labels);
        mean.Clear();
        for (int view = 0; view < run.Views; view++)
        {
            network.Pool(run.Features(view), run.Pooled);
            drawings.Head.ReadProbabilities(run.Pooled, shares);
            TensorPrimitives.MultiplyAdd(shares, 1f / run.Views, mean, mean);
        }

        return mean;
    }
}
