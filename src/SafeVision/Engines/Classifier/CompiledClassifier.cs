using System.Buffers;
using SafeVision.Assessments;
using SafeVision.Execution;
using SafeVision.Imaging;
using SafeVision.Models;

namespace SafeVision.Engines.Classifier;

/// <summary>A policy compiled for one classifier.</summary>
internal sealed class CompiledClassifier : ICompiledPolicy
{
    private readonly ClassifierNetwork network;
    private readonly CategoryRule[] rules;
    private readonly ViewPlanner planner;
    private readonly ClassifierReport report;

    public CompiledClassifier(ClassifierNetwork network, LabelSpace labels, CategoryRule[] rules, ViewPlan plan)
    {
        (this.network, this.rules) = (network, rules);
        planner = new ViewPlanner(network.Recipe, plan);
        report = new ClassifierReport(network, labels);
        ModelManifest manifest = network.Package.Manifest;
        ProviderSelection provider = network.Session.Provider;
        Coverage = [.. rules.Select(rule => rule.Coverage)];
        Models = [new("classifier", manifest.Id, manifest.Sha256, provider.Selected.Name, provider.IsFallback ? string.Join("; ", provider.Rejections) : null)];
        ShortSide = network.Recipe.Resize.Size;
    }

    public IReadOnlyList<CategoryCoverage> Coverage { get; }

    public IReadOnlyList<ModelProvenance> Models { get; }

    public int ShortSide { get; }

    public ValueTask<IReadOnlyList<FrameAssessment>> AssessAsync(IReadOnlyList<ImageFrame> frames, CancellationToken cancellationToken)
    {
        BatchBinding binding = network.Borrow();
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

        network.Return(binding);
        return ValueTask.FromResult<IReadOnlyList<FrameAssessment>>(assessments);
    }

    private FrameAssessment Assess(ImageFrame frame, BatchBinding binding, CancellationToken cancellationToken)
    {
        IReadOnlyList<ClassifierView> views = planner.Plan(frame.Width, frame.Height);
        var best = new CategoryAssessment[rules.Length];
        float[] probabilities = ArrayPool<float>.Shared.Rent(network.Labels);
        Span<float> shares = probabilities.AsSpan(0, network.Labels);
        bool sound = true;
        for (int start = 0; start < views.Count; start += binding.Capacity)
        {
            int batch = Math.Min(binding.Capacity, views.Count - start);
            for (int item = 0; item < batch; item++)
            {
                views[start + item].Write(frame, binding.Input(item));
            }

            binding.Run(batch, cancellationToken);
            for (int item = 0; item < batch; item++)
            {
                sound &= network.Probabilities(binding, item, shares);
                for (int i = 0; i < rules.Length && sound; i++)
                {
                    double score = report.Score(rules[i], shares);
                    if (best[i] is null || score > best[i].Score)
                    {
                        best[i] = report.Assess(rules[i], score, shares, binding, item, views[start + item].VisibleRegion(frame));
                    }
                }
            }
        }

        ArrayPool<float>.Shared.Return(probabilities);
        return new FrameAssessment(sound
            ? best
            : [.. rules.Select(rule => CategoryAssessment.NotAssessed(rule.Category.Id, $"{network.Package.Manifest.Id} gave numbers that are no probabilities."))]);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
