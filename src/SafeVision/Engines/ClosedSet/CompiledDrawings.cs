using System.Buffers;
using SafeVision.Assessments;
using SafeVision.Inference;

namespace SafeVision.Engines.ClosedSet;

/// <summary>A policy compiled for what drawings show.</summary>
internal sealed class CompiledDrawings(ClassifierNetwork network, DrawingsHead drawings, CategoryRule[] rules)
{
    private readonly ClassifierReport _report = new(network, drawings.Labels, drawings.Head);
    private readonly float _step = (float)(network.Recipe.Rescale / network.Recipe.Std.Green);

    public int Labels => drawings.Head.Labels;

    public ModelProvenance Model => new("classifier", drawings.Head.Manifest.Id, drawings.Head.Manifest.Sha256, "cpu", null);

    /// <summary>Whether the view is of a drawing.</summary>
    public bool IsDrawn(ReadOnlySpan<float> input) => DrawnPicture.Is(input, network.Recipe.InputSize, _step);

    /// <summary>The probabilities of what may be drawn.</summary>
    /// <exception cref="ModelOutputException">The features are not finite.</exception>
    public void ReadProbabilities(BatchBinding binding, int item, Span<float> shares)
    {
        float[] rented = ArrayPool<float>.Shared.Rent(network.Channels);
        Span<float> pooled = rented.AsSpan(0, network.Channels);
        network.Pool(binding, item, pooled);
        drawings.Head.ReadProbabilities(pooled, shares);
        ArrayPool<float>.Shared.Return(rented);
    }

    public double Score(int category, ReadOnlySpan<float> shares) => _report.Score(rules[category], shares);

    public CategoryAssessment Assess(
        int category, CoverageLevel level, double score, ReadOnlySpan<float> shares, BatchBinding binding, int item, ImageBox region) =>
        _report.Assess(rules[category], level, score, shares, binding, item, region);
}
