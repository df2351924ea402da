using SafeVision.Assessments;
using SafeVision.Imaging;

namespace SafeVision.Engines.Cascade;

/// <summary>A policy compiled for every engine of a cascade.</summary>
internal sealed class CompiledCascade : ICompiledPolicy
{
    private readonly IReadOnlyList<ICompiledPolicy> parts;
    private readonly CascadeEngineOptions options;

    public CompiledCascade(IReadOnlyList<ICompiledPolicy> parts, CascadeEngineOptions options)
    {
        (this.parts, this.options) = (parts, options);
        Models = [.. parts.SelectMany(part => part.Models)];
        ShortSide = parts.Max(part => part.ShortSide);
        Coverage = [.. parts[0].Coverage.Select((_, category) => parts.Select(part => part.Coverage[category]).Aggregate((left, right) => left.Union(right)))];
    }

    public IReadOnlyList<CategoryCoverage> Coverage { get; }

    public IReadOnlyList<ModelProvenance> Models { get; }

    public int ShortSide { get; }

    public async ValueTask<IReadOnlyList<FrameAssessment>> AssessAsync(IReadOnlyList<ImageFrame> frames, CancellationToken cancellationToken)
    {
        IReadOnlyList<FrameAssessment> assessed = await parts[0].AssessAsync(frames, cancellationToken).ConfigureAwait(false);
        for (int i = 1; i < parts.Count; i++)
        {
            bool[] open = [.. Enumerable.Range(0, Coverage.Count).Select(category =>
                parts[i].Coverage[category].Level != CoverageLevel.None
                && assessed.Any(frame => !IsSettled(frame.Categories[category])))];
            if (!open.Contains(true))
            {
                continue;
            }

            IReadOnlyList<FrameAssessment> next = await parts[i].AssessAsync(frames, cancellationToken).ConfigureAwait(false);
            assessed = [.. assessed.Zip(next, Merge)];
        }

        return assessed;
    }

    /// <summary>Whether nothing that a later engine says can change what an earlier one said.</summary>
    private bool IsSettled(CategoryAssessment assessment) =>
        assessment.IsAssessed
        && (assessment.Score > options.UnsureTo || (assessment.Coverage == CoverageLevel.Full && assessment.Score < options.UnsureFrom));

    private FrameAssessment Merge(FrameAssessment earlier, FrameAssessment later) => new(
        [.. Coverage.Select((coverage, i) =>
        {
            (CategoryAssessment first, CategoryAssessment second) = (earlier.Categories[i], later.Categories[i]);
            return IsSettled(first) || !second.IsAssessed ? first
                : !first.IsAssessed ? second
                : (second.Score > first.Score ? second : first).With(coverage.Level);
        })]);

    public async ValueTask DisposeAsync()
    {
        foreach (ICompiledPolicy part in parts)
        {
            await part.DisposeAsync().ConfigureAwait(false);
        }
    }
}
