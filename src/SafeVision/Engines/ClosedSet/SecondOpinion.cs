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
    public string? SomethingElse(ImageFrame frame, CancellationToken cancellationToken)
    {
        NetworkRun run = _network.Borrow();
        bool isSound = false;
        try
        {
            ViewGroup whole = _planner.Plan(frame.Width, frame.Height)[0];
            ClassifierView[] views = [whole.First, .. whole.More];
            for (int view = 0; view < views.Length; view++)
            {
                views[view].Write(frame, run.Input(view));
            }

            run.Run(0, views.Length, _network.Temperature, cancellationToken);
            int top = TensorPrimitives.IndexOfMax<float>(run.Mean);
            isSound = true;
            return run.Mean[top] >= _sureFrom && !_related.Contains(top) ? $"{_names[top]} ({ClassifierReport.Percent(run.Mean[top])})" : null;
        }
        finally
        {
            if (isSound)
            {
                _network.Return(run);
            }
            else
            {
                run.Dispose(); // buffers of a run that failed midway are not used again
            }
        }
    }
}
