namespace SafeVision.Training.Data;

/// <summary>What the filter keeps.</summary>
public sealed class FilterOptions
{
    /// <summary>The fitted head.</summary>
    public required ImageFilter Filter { get; init; }

    /// <summary>The network that it was fitted to; it stays the caller's.</summary>
    public required ImageFeatures Features { get; init; }

    /// <summary>The least probability of a class that is not the harmless one, 0 to below 1. Default 0.6, as the paper's code has it.</summary>
    public double Confidence { get; init => field = value is >= 0 and < 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A confidence is 0 to below 1."); } = 0.6;
}

public sealed partial class DataProject
{
    /// <summary>Classes every image by a linear head on frozen features. Of images that nobody labelled, those stay
    /// that look harmful with enough confidence, with that class as the label that judges then vote on; labelled images
    /// stay as they are.</summary>
    /// <param name="filter">The head and its network.</param>
    /// <param name="options">How it runs; null for the defaults.</param>
    /// <param name="cancellationToken">Stops it; what is written stays.</param>
    /// <exception cref="TrainingDataException">Nothing is collected, the stage was begun with other options, the head is another network's, or a file is damaged.</exception>
    public Task<StageSummary> FilterAsync(FilterOptions filter, StageRunOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return RunAsync(
            Filter,
            new Dictionary<string, string> { ["filter"] = filter.Filter.Hash, ["confidence"] = filter.Confidence.ToString("R", CultureInfo.InvariantCulture) },
            async (record, stop) =>
            {
                try
                {
                    (string label, double share) = await filter.Filter.JudgeAsync(filter.Features, OpenImage(record), stop).ConfigureAwait(false);
                    record = record with { Filter = new FilterScore(label, Math.Round(share, 6)) };
                    return record.Labels is not null ? record
                        : label == ImageFilter.SafeClass ? record.Drop("It looks harmless.")
                        : share <= filter.Confidence ? record.Drop($"It looks like {label}, but not surely enough.")
                        : record with { Labels = [label], Provenance = record.Provenance with { Judge = $"filter {filter.Filter.Hash[..12]}" } };
                }
                catch (ImageRejectedException error)
                {
                    return record.Fail(error.Message);
                }
            },
            options,
            cancellationToken);
    }
}
