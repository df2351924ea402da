using System.Runtime.ExceptionServices;

namespace SafeVision.Engines.Cascade;

/// <summary>A policy compiled for every engine of a cascade.</summary>
internal sealed class CompiledCascade : ICompiledPolicy
{
    private readonly IReadOnlyList<ICompiledPolicy> _parts;
    private readonly CascadeEngineOptions _options;
    private readonly bool[] _isAskedAnyway; // whether it alone, of the parts up to it, covers some category

    public CompiledCascade(IReadOnlyList<ICompiledPolicy> parts, CascadeEngineOptions options)
    {
        (_parts, _options) = (parts, options);
        Models = [.. parts.SelectMany(part => part.Models).Distinct()];
        Prompts = [.. parts.SelectMany(part => part.Prompts)];
        ShortSide = parts.Max(part => part.ShortSide);
        Coverage = [.. parts[0].Coverage.Select((_, category) => parts.Select(part => part.Coverage[category]).Aggregate((left, right) => left.Union(right)))];
        _isAskedAnyway = [.. parts.Select((part, place) => part.Coverage.Index().Any(entry => entry.Item.Level != CoverageLevel.None
            && parts.Take(place).All(earlier => earlier.Coverage[entry.Index].Level == CoverageLevel.None)))];
    }

    /// <summary>What the parts cover together; to be given where more is known than their coverage says.</summary>
    public IReadOnlyList<CategoryCoverage> Coverage { get; init; }

    /// <summary>Whether parts that are asked in any case are asked at the same time; else each waits for the one before.</summary>
    public bool SideBySide { get; init; }

    public IReadOnlyList<ModelProvenance> Models { get; }
    public int ShortSide { get; }
    public IReadOnlyList<string> Prompts { get; }

    /// <summary>An engine that fails does not silence the others: what they say counts, and each category that it covers carries
    /// its failure. Where all that were asked failed, so does the assessment.</summary>
    public async ValueTask<IReadOnlyList<FrameAssessment>> AssessAsync(IReadOnlyList<ImageFrame> frames, AssessOptions options, CancellationToken cancellationToken)
    {
        IReadOnlyList<FrameAssessment>? assessed = null;
        Exception? failure = null;
        bool anySound = false;
        Task<IReadOnlyList<FrameAssessment>>?[] started = Start(frames, options, cancellationToken);
        for (int place = 0; place < _parts.Count; place++)
        {
            ICompiledPolicy part = _parts[place];
            if (started[place] is null && assessed is not null && !IsNeeded(part, assessed))
            {
                continue;
            }

            IReadOnlyList<FrameAssessment> said;
            try
            {
                said = started[place] is { } task ? await task.ConfigureAwait(true) : await AskAsync(part, frames, options, cancellationToken).ConfigureAwait(false);
                anySound = true;
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                failure ??= exception;
                said = Failed(part, frames.Count, exception);
            }
            catch
            {
                await Task.WhenAll(started.OfType<Task>()).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).ConfigureAwait(false); // they read the frames
                throw;
            }

            assessed = assessed is null ? said : Merge(assessed, said, part);
        }

        if (!anySound)
        {
            ExceptionDispatchInfo.Throw(failure!);
        }

        return assessed!;
    }

    private static async Task<IReadOnlyList<FrameAssessment>> AskAsync(
        ICompiledPolicy part, IReadOnlyList<ImageFrame> frames, AssessOptions options, CancellationToken cancellationToken) =>
        EngineContract.Require(await part.AssessAsync(frames, options, cancellationToken).ConfigureAwait(false), frames.Count, part.Coverage);

    /// <summary>Starts the later parts that will be asked whatever the earlier ones say, on threads that are free: two networks
    /// side by side use the cores better than one that is split among them.</summary>
    private Task<IReadOnlyList<FrameAssessment>>?[] Start(IReadOnlyList<ImageFrame> frames, AssessOptions options, CancellationToken cancellationToken)
    {
        var started = new Task<IReadOnlyList<FrameAssessment>>?[_parts.Count];
        for (int place = 1; SideBySide && place < started.Length; place++)
        {
            if (_isAskedAnyway[place])
            {
                ICompiledPolicy part = _parts[place];
                TaskScheduler threads = SynchronizationContext.Current is null ? TaskScheduler.Default : TaskScheduler.FromCurrentSynchronizationContext();
                started[place] = Task.Factory.StartNew(
                    () => AskAsync(part, frames, options, cancellationToken), CancellationToken.None, TaskCreationOptions.None, threads).Unwrap();
            }
        }

        return started;
    }

    private static FrameAssessment[] Failed(ICompiledPolicy part, int frames, Exception exception)
    {
        string why = $"{string.Join(" and ", part.Models.Select(model => model.Model))} failed ({exception.GetType().Name}: {PublicMessage.Of(exception.Message)})";
        var nothing = new FrameAssessment([.. part.Coverage.Select(coverage => coverage.Level == CoverageLevel.None
            ? CategoryAssessment.NotAssessed(coverage.CategoryId, "No engine covers this category.")
            : CategoryAssessment.Failed(coverage.CategoryId, why))]);
        return [.. Enumerable.Repeat(nothing, frames)];
    }

    /// <summary>Whether some category that the engine covers is not settled yet.</summary>
    private bool IsNeeded(ICompiledPolicy part, IReadOnlyList<FrameAssessment> assessed) => part.Coverage.Index().Any(category =>
        category.Item.Level != CoverageLevel.None && assessed.Any(frame => !IsSettled(frame.Categories[category.Index])));

    /// <summary>Whether nothing that a later engine says can change what the earlier ones said.</summary>
    private bool IsSettled(CategoryAssessment assessment) =>
        assessment.Score > _options.UnsureTo
        || (assessment.Coverage == CoverageLevel.Full && assessment.Score < _options.UnsureFrom && assessment.Failure is null);

    private FrameAssessment[] Merge(IReadOnlyList<FrameAssessment> earlier, IReadOnlyList<FrameAssessment> later, ICompiledPolicy asked)
    {
        var merged = new FrameAssessment[earlier.Count];
        for (int frame = 0; frame < merged.Length; frame++)
        {
            var categories = new CategoryAssessment[Coverage.Count];
            for (int i = 0; i < categories.Length; i++)
            {
                CategoryAssessment first = earlier[frame].Categories[i], second = later[frame].Categories[i];
                categories[i] = IsSettled(first) || asked.Coverage[i].Level == CoverageLevel.None ? first : Merge(first, second, Together(first, second, i, asked));
            }

            merged[frame] = new FrameAssessment(categories) { Usage = TokenUsage.Sum(earlier[frame].Usage, later[frame].Usage) };
        }

        return merged;
    }

    /// <summary>What two engines cover in this image: all that they can together, unless the later one judged less of it than it can, as of a flat image.</summary>
    private CoverageLevel Together(CategoryAssessment first, CategoryAssessment second, int category, ICompiledPolicy asked) =>
        second.IsAssessed && second.Coverage < asked.Coverage[category].Level && first.Coverage != CoverageLevel.Full
            ? Larger(first.Coverage, second.Coverage)
            : Coverage[category].Level;

    /// <summary>The higher score counts. It speaks for what both cover together, or for its own part where the other failed.</summary>
    private static CategoryAssessment Merge(CategoryAssessment first, CategoryAssessment second, CoverageLevel together)
    {
        string? failure = first.Failure is null || second.Failure is null ? first.Failure ?? second.Failure : $"{first.Failure}; {second.Failure}";
        return (first.IsAssessed, second.IsAssessed) switch
        {
            (true, true) => (second.Score > first.Score ? second : first).With(failure is null ? together : Larger(first.Coverage, second.Coverage), failure),
            (true, false) => first.With(first.Coverage, failure),
            _ => second.With(second.Coverage, failure),
        };
    }

    private static CoverageLevel Larger(CoverageLevel left, CoverageLevel right) => left > right ? left : right;

    public async ValueTask DisposeAsync()
    {
        foreach (ICompiledPolicy part in _parts)
        {
            await part.DisposeAsync().ConfigureAwait(false);
        }
    }
}
