using System.Buffers;
using SafeVision.Assessments;
using SafeVision.Engines.ClosedSet.Taxonomy;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.Models;

namespace SafeVision.Engines.ClosedSet;

/// <summary>A policy compiled for one classifier.</summary>
internal sealed class CompiledClassifier : ICompiledPolicy
{
    private readonly ClassifierNetwork _network;
    private readonly CategoryRule[] _rules;
    private readonly ViewPlanner _planner;
    private readonly ClassifierReport _report;
    private readonly CompiledDrawings? _drawings;

    /// <param name="network">The network.</param>
    /// <param name="labels">Its labels.</param>
    /// <param name="rules">The policy's categories on them.</param>
    /// <param name="drawings">The categories on what drawings show; null: drawings are judged like photographs.</param>
    /// <param name="plan">What of an image the network is shown.</param>
    /// <param name="coverage">What it covers, where more is known than the rules say; null: what they say.</param>
    /// <param name="taxonomy">What said which labels the policy means; empty: their names alone.</param>
    public CompiledClassifier(
        ClassifierNetwork network,
        LabelSet labels,
        CategoryRule[] rules,
        CompiledDrawings? drawings,
        ViewPlan plan,
        IReadOnlyList<CategoryCoverage>? coverage,
        IReadOnlyList<ModelProvenance> taxonomy)
    {
        (_network, _rules, _drawings) = (network, rules, drawings);
        _planner = new ViewPlanner(network.Recipe, plan);
        _report = new ClassifierReport(network, labels);
        ModelManifest manifest = network.Package.Manifest;
        ProviderSelection provider = network.Session.Provider;
        Coverage = coverage ?? [.. rules.Select(rule => new CategoryCoverage(rule.Category.Id, rule.Level, []))];
        Models = [new("classifier", manifest.Id, manifest.Sha256, provider.Selected.Name, provider.IsFallback ? string.Join("; ", provider.Rejections) : null)];
        if (drawings is not null)
        {
            Models = [.. Models, drawings.Model];
        }

        Models = [.. Models, .. taxonomy];

        ShortSide = network.Recipe.Resize.Size;
    }

    public IReadOnlyList<CategoryCoverage> Coverage { get; }

    public IReadOnlyList<ModelProvenance> Models { get; }

    public int ShortSide { get; }

    public ValueTask<IReadOnlyList<FrameAssessment>> AssessAsync(IReadOnlyList<ImageFrame> frames, AssessOptions options, CancellationToken cancellationToken)
    {
        BatchBinding binding = _network.Borrow();
        var assessments = new FrameAssessment[frames.Count];
        try
        {
            for (int i = 0; i < assessments.Length; i++)
            {
                assessments[i] = Assess(frames[i], binding, cancellationToken);
            }
        }
        catch
        {
            binding.Dispose(); // buffers of a run that failed midway are not used again
            throw;
        }

        _network.Return(binding);
        return ValueTask.FromResult<IReadOnlyList<FrameAssessment>>(assessments);
    }

    private FrameAssessment Assess(ImageFrame frame, BatchBinding binding, CancellationToken cancellationToken)
    {
        IReadOnlyList<ClassifierView> views = _planner.Plan(frame.Width, frame.Height);
        var best = new CategoryAssessment[_rules.Length];
        float[] probabilities = ArrayPool<float>.Shared.Rent(Math.Max(_network.Labels, _drawings?.Labels ?? 0));
        bool isDrawn = false;
        for (int start = 0; start < views.Count; start += binding.Capacity)
        {
            int batch = Math.Min(binding.Capacity, views.Count - start);
            for (int item = 0; item < batch; item++)
            {
                views[start + item].Write(frame, binding.Input(item));
            }

            // The main view speaks for the picture: a stretch of clear sky is as flat as a drawing.
            isDrawn = start == 0 ? _drawings?.IsDrawn(binding.Input(0)) ?? false : isDrawn;
            binding.Run(batch, cancellationToken);
            for (int item = 0; item < batch; item++)
            {
                ImageBox region = views[start + item].VisibleRegion(frame);
                ReadLabels(binding, item, region, probabilities.AsSpan(0, _network.Labels), best);
                if (isDrawn)
                {
                    ReadDrawing(binding, item, region, probabilities.AsSpan(0, _drawings!.Labels), best);
                }
            }
        }

        ArrayPool<float>.Shared.Return(probabilities);
        return new FrameAssessment(best);
    }

    private void ReadLabels(BatchBinding binding, int item, ImageBox region, Span<float> shares, CategoryAssessment[] best)
    {
        _network.ReadProbabilities(binding, item, shares);
        for (int i = 0; i < _rules.Length; i++)
        {
            double score = _report.Score(_rules[i], shares);
            if (best[i] is null || score > best[i].Score)
            {
                best[i] = _report.Assess(_rules[i], Coverage[i].Level, score, shares, binding, item, region);
            }
        }
    }

    /// <summary>Raises what the labels said of a drawing; a category that they can't judge stays so, for most pictures are none.</summary>
    private void ReadDrawing(BatchBinding binding, int item, ImageBox region, Span<float> shares, CategoryAssessment[] best)
    {
        _drawings!.ReadProbabilities(binding, item, shares);
        for (int i = 0; i < _rules.Length; i++)
        {
            double score = _drawings.Score(i, shares);
            if (score > best[i].Score)
            {
                best[i] = _drawings.Assess(i, Coverage[i].Level, score, shares, binding, item, region);
            }
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
