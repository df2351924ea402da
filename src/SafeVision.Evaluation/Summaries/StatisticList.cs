using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Summaries;

/// <summary>Numbers being gathered.</summary>
internal sealed class StatisticList(int samples)
{
    private readonly List<RunStatistic> _all = [];
    private readonly int[] _once = [.. Enumerable.Repeat(1, samples)];

    public IReadOnlyList<RunStatistic> All => _all;

    /// <summary>A number that every resample gives anew.</summary>
    public void Add(string name, string? category, int support, ResampledStatistic statistic, string? detail = null) =>
        _all.Add(new RunStatistic(name, category, detail, support, statistic(_once), statistic));

    /// <summary>The mean of one value a sample.</summary>
    public void Add(string name, string? category, int support, IEnumerable<double> values) =>
        Add(name, category, support, Bootstrap.Mean([.. values]));

    /// <summary>A number of the whole set only.</summary>
    public void Add(string name, string? category, int support, double? value, string? detail = null) =>
        _all.Add(new RunStatistic(name, category, detail, support, value, null));
}
