namespace SafeVision.Engines.ClosedSet;

/// <summary>Another network's word on what an image shows, for a network that sees its few classes everywhere: where
/// the other one is sure that the image shows something that has nothing to do with them, a high score is held at even
/// odds.</summary>
internal sealed class SecondOpinion
{
    /// <summary>The highest score of a category that the two networks do not agree on: as likely as not.</summary>
    public const double Held = 0.5;

    private readonly ClassifierNetwork _network;
    private readonly IReadOnlyList<string> _names;
    private readonly ViewPlanner _planner;
    private readonly double _sureFrom;
    private readonly HashSet<int> _related;

    /// <param name="sureFrom">The probability from which on it is sure, 0 to 1.</param>
    /// <param name="related">The outputs that go with the first network's classes, and so say nothing against them.</param>
    public SecondOpinion(ClassifierNetwork network, IReadOnlyList<string> names, ViewPlan plan, double sureFrom, IEnumerable<int> related)
    {
        (_network, _names, _sureFrom, _related) = (network, names, sureFrom, [.. related]);
        _planner = new ViewPlanner(network.Recipe, plan);
    }

    /// <summary>What else the image surely shows, in words; null: nothing.</summary>
    public string? SomethingElse(ImageFrame frame, CancellationToken cancellationToken) => _network.Lend(run =>
    {
        ViewGroup whole = _planner.Plan(frame.Width, frame.Height)[0];
        run.Look(frame, [whole.First, .. whole.More], 0, _network.Temperature, cancellationToken);
        int top = TensorPrimitives.IndexOfMax<float>(run.Mean);
        return run.Mean[top] >= _sureFrom && !_related.Contains(top) ? $"{_names[top]} ({ClassifierReport.Percent(run.Mean[top])})" : null;
    });
}
