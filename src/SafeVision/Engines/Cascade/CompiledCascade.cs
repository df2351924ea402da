using SafeVision.Assessments;
using SafeVision.Imaging;

namespace SafeVision.Engines.Cascade;

/// <summary>A policy compiled for every engine of a cascade.</summary>
internal sealed class CompiledCascade : IReasoningPolicy
{
    private readonly IReadOnlyList<ICompiledPolicy> _parts;
    private readonly CascadeEngineOptions _options;

    public CompiledCascade(IReadOnlyList<ICompiledPolicy> parts, CascadeEngineOptions options)
    {
        (_parts, _options) = (parts, options);
        Models = [.. parts.SelectMany(part => part.Models).Distinct()];
        Prompts = [.. parts.SelectMany(part => part.Prompts)];
        ShortSide = parts.Max(part => part.ShortSide);
        Coverage = [.. parts[0].Coverage.Select((_, category) => parts.Select(part => part.Coverage[category]).Aggregate((left, right) => left.Union(right)))];
    }

    /// <summary>What the parts cover together; to be given where more is known than their coverage says.</summary>
    public IReadOnlyList<CategoryCoverage> Coverage { get; init; }

    public IReadOnlyList<ModelProvenance> Models { get; }

    public int ShortSide { get; }

    public IReadOnlyList<string> Prompts { get; }

    public ValueTask<IReadOnlyList<FrameAssessment>> AssessAsync(IReadOnlyList<ImageFrame> frames, CancellationToken cancellationToken) =>
        AssessAsync(frames, null, cancellationToken);

    public async ValueTask<IReadOnlyList<FrameAssessment>> AssessAsync(IReadOnlyList<ImageFrame> frames, Action<string>? reason, CancellationToken cancellationToken)
    {
        IReadOnlyList<FrameAssessment> assessed = await AssessAsync(_parts[0], frames, reason, cancellationToken).ConfigureAwait(false);
        for (int i = 1; i < _parts.Count; i++)
        {
            if (IsNeeded(_parts[i], assessed))
            {
                assessed = Merge(assessed, await AssessAsync(_parts[i], frames, reason, cancellationToken).ConfigureAwait(false), _parts[i]);
            }
        }

        return assessed;
    }

    /// <summary>Asks one engine and holds it to its contract, because results are merged by position.</summary>
    private async ValueTask<IReadOnlyList<FrameAssessment>> AssessAsync(
        ICompiledPolicy part, IReadOnlyList<ImageFrame> frames, Action<string>? reason, CancellationToken cancellationToken)
    {
        IReadOnlyList<FrameAssessment> assessed = part is IReasoningPolicy reasoning
            ? await reasoning.AssessAsync(frames, reason, cancellationToken).ConfigureAwait(false)
            : await part.AssessAsync(frames, cancellationToken).ConfigureAwait(false);
        if (assessed.Count != frames.Count)
        {
            throw new InvalidOperationException($"An engine of the cascade judged {assessed.Count} frames of {frames.Count}.");
        }

        for (int frame = 0; frame < assessed.Count; frame++)
        {
            IReadOnlyList<CategoryAssessment> categories = assessed[frame].Categories;
            for (int i = 0; i < Math.Max(categories.Count, Coverage.Count); i++)
            {
                if (i >= categories.Count || i >= Coverage.Count || categories[i].CategoryId != Coverage[i].CategoryId)
                {
                    throw new InvalidOperationException("An engine of the cascade did not judge the policy's categories, each once and in order.");
                }
            }
        }

        return assessed;
    }

    /// <summary>Whether some category that the engine covers is not settled yet.</summary>
    private bool IsNeeded(ICompiledPolicy part, IReadOnlyList<FrameAssessment> assessed)
    {
        for (int i = 0; i < Coverage.Count; i++)
        {
            for (int frame = 0; frame < assessed.Count && part.Coverage[i].Level != CoverageLevel.None; frame++)
            {
                if (!IsSettled(assessed[frame].Categories[i]))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Whether nothing that a later engine says can change what an earlier one said.</summary>
    private bool IsSettled(CategoryAssessment assessment) =>
        assessment.IsAssessed
        && (assessment.Score > _options.UnsureTo || (assessment.Coverage == CoverageLevel.Full && assessment.Score < _options.UnsureFrom));

    private FrameAssessment[] Merge(IReadOnlyList<FrameAssessment> earlier, IReadOnlyList<FrameAssessment> later, ICompiledPolicy asked)
    {
        var merged = new FrameAssessment[earlier.Count];
        for (int frame = 0; frame < merged.Length; frame++)
        {
            var categories = new CategoryAssessment[Coverage.Count];
            for (int i = 0; i < categories.Length; i++)
            {
                categories[i] = Merge(earlier[frame].Categories[i], later[frame].Categories[i], i, asked);
            }

            merged[frame] = new FrameAssessment(categories) { Usage = TokenUsage.Sum(earlier[frame].Usage, later[frame].Usage) };
        }

        return merged;
    }

    private CategoryAssessment Merge(CategoryAssessment first, CategoryAssessment second, int category, ICompiledPolicy asked)
    {
        if (IsSettled(first) || asked.Coverage[category].Level == CoverageLevel.None)
        {
            return first;
        }

        if (!second.IsAssessed)
        {
            // It covers the category and yet failed on this image: a low score for a part is then no evidence of safety.
            return first.Score >= _options.UnsureFrom ? first : second;
        }

        return first.IsAssessed ? (second.Score > first.Score ? second : first).With(Coverage[category].Level) : second;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ICompiledPolicy part in _parts)
        {
            await part.DisposeAsync().ConfigureAwait(false);
        }
    }
}
