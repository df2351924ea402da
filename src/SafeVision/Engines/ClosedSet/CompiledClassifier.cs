namespace SafeVision.Engines.ClosedSet;

/// <summary>A policy compiled for one classifier.</summary>
internal sealed class CompiledClassifier : ICompiledPolicy
{
    /// <summary>A first view that gives every category less than this is taken at its word. On the thousand public
    /// samples a second view then changed no decision, and most photographs need none.</summary>
    private const double LeastOpinion = 0.02;

    /// <summary>The same where views must agree: further ones can only lower a score, and below this it flags nothing.</summary>
    private const double LeastToAgreeOn = 0.1;

    /// <summary>What is seen with less than this, and no less than <see cref="LeastOpinion"/>, may be small: the quarters are looked at.</summary>
    private const double Surely = 0.45;

    private readonly ClassifierNetwork _network;
    private readonly CategoryRule[] _rules;
    private readonly ViewPlanner _planner;
    private readonly ClassifierReport _report;
    private readonly CompiledDrawings? _drawings;
    private readonly SecondOpinion? _opinion;
    private readonly bool _mustAgree;

    /// <param name="drawings">The categories on what drawings show; null: drawings are judged like photographs.</param>
    /// <param name="opinion">Another network that is asked about high scores; null: none.</param>
    /// <param name="coverage">What it covers, where more is known than the rules say; null: what they say.</param>
    /// <param name="taxonomy">What said which labels the policy means; empty: their names alone.</param>
    public CompiledClassifier(
        ClassifierNetwork network,
        LabelSet labels,
        CategoryRule[] rules,
        CompiledDrawings? drawings,
        SecondOpinion? opinion,
        ViewPlan plan,
        IReadOnlyList<CategoryCoverage>? coverage,
        IReadOnlyList<ModelProvenance> taxonomy)
    {
        ModelManifest manifest = network.Package.Manifest;
        (_network, _rules, _drawings, _opinion, _mustAgree) = (network, rules, drawings, opinion, manifest.ViewsMustAgree);
        _planner = new ViewPlanner(network.Recipe, plan, _mustAgree);
        _report = new ClassifierReport(network, labels);
        ProviderSelection provider = network.Session.Provider;
        Coverage = coverage ?? [.. rules.Select(rule => new CategoryCoverage(rule.Category.Id, rule.Level, []))];
        Models =
        [
            new("classifier", manifest.Id, manifest.Sha256, provider.Selected.Name, provider.IsFallback ? string.Join("; ", provider.Rejections) : null),
            .. drawings is null ? [] : (ModelProvenance[])[drawings.Model],
            .. taxonomy,
        ];
        ShortSide = network.Recipe.Resize.Size;
    }

    public IReadOnlyList<CategoryCoverage> Coverage { get; }

    public IReadOnlyList<ModelProvenance> Models { get; }

    public int ShortSide { get; }

    public ValueTask<IReadOnlyList<FrameAssessment>> AssessAsync(IReadOnlyList<ImageFrame> frames, AssessOptions options, CancellationToken cancellationToken)
    {
        FrameAssessment[] assessments = _network.Lend(run => frames.Select(frame => Assess(frame, run, cancellationToken)).ToArray());
        return ValueTask.FromResult<IReadOnlyList<FrameAssessment>>(assessments);
    }

    /// <summary>Judges each part of a frame; of each category the part with the highest score decides.</summary>
    private FrameAssessment Assess(ImageFrame frame, NetworkRun run, CancellationToken cancellationToken)
    {
        IReadOnlyList<ViewGroup> groups = _planner.Plan(frame.Width, frame.Height);
        var best = new CategoryAssessment?[_rules.Length];
        groups[0].First.Write(frame, run.Input(0));

        // The first view speaks for the image: a stretch of clear sky is as flat as a drawing.
        bool isFlat = _drawings?.IsFlat(run.Input(0)) ?? false;
        foreach (ViewGroup group in groups)
        {
            if (_mustAgree)
            {
                JudgeByAgreement(frame, group, run, best, cancellationToken);
            }
            else
            {
                JudgeByMean(frame, group, isFlat, run, best, cancellationToken);
            }
        }

        if (!isFlat && Array.Exists(best, assessment => assessment!.Evidence.Probability is >= LeastOpinion and < Surely))
        {
            foreach (ViewGroup quarter in _planner.Quarters(frame.Width, frame.Height))
            {
                JudgeByMean(frame, quarter, isFlat, run, best, cancellationToken);
            }
        }

        if (_opinion is not null && Array.Exists(best, assessment => assessment!.Score > SecondOpinion.Held)
            && _opinion.SomethingElse(frame, cancellationToken) is { } something)
        {
            for (int i = 0; i < best.Length; i++)
            {
                best[i] = best[i]!.Score > SecondOpinion.Held ? ClassifierReport.Doubt(best[i]!, something) : best[i];
            }
        }

        return new FrameAssessment(best!);
    }

    /// <summary>A category's score is that of the mean of its mass over the views.</summary>
    private void JudgeByMean(ImageFrame frame, in ViewGroup group, bool isFlat, NetworkRun run, CategoryAssessment?[] best, CancellationToken cancellationToken)
    {
        if (isFlat)
        {
            run.Look(frame, group.Drawn, 0, _network.GivesLogits ? CompiledDrawings.Temperature : 1, cancellationToken);
        }
        else
        {
            LookTwice(frame, run, group, cancellationToken);
        }

        ReadOnlySpan<float> drawn = isFlat ? _drawings!.Read(run) : [];
        for (int i = 0; i < _rules.Length; i++)
        {
            double photo = ClassifierReport.Mass(_rules[i], run.Mean);
            double symbol = isFlat ? ClassifierReport.Mass(_drawings!.Rules[i], drawn) : photo;
            (double mass, bool saysHead) = isFlat ? CompiledDrawings.Join(photo, symbol) : (photo, false);
            double score = isFlat ? _drawings!.Report.Score(mass) : _report.Score(mass);
            if (best[i] is { } known && !(score > known.Score))
            {
                continue;
            }

            int clearest = Clearest(_rules[i], group, isFlat, run);
            var seen = new SeenViews(run, clearest, View(group, isFlat, clearest).VisibleRegion(frame));
            best[i] = saysHead
                ? _drawings!.Report.Assess(_drawings.Rules[i], Level(i, isFlat), score, mass, drawn, seen, isFlat)
                : _report.Assess(_rules[i], Level(i, isFlat), score, mass, run.Mean, seen, isFlat);
        }
    }

    /// <summary>A category's score is the least of the views': what only one of them sees is a chance likeness.</summary>
    private void JudgeByAgreement(ImageFrame frame, in ViewGroup group, NetworkRun run, CategoryAssessment?[] best, CancellationToken cancellationToken)
    {
        LookTwice(frame, run, group, cancellationToken);
        for (int i = 0; i < _rules.Length; i++)
        {
            (int least, double mass) = (0, double.PositiveInfinity);
            for (int view = 0; view < run.Views; view++)
            {
                double seen = ClassifierReport.Mass(_rules[i], run.Shares(view));
                (least, mass) = seen < mass ? (view, seen) : (least, mass);
            }

            double score = _report.Score(mass);
            if (best[i] is null || score > best[i]!.Score)
            {
                best[i] = _report.Assess(_rules[i], Coverage[i].Level, score, mass, run.Shares(least), new SeenViews(run, 0, group.First.VisibleRegion(frame)), isFlat: false);
            }
        }
    }

    /// <summary>Shows the network the first view, and the others as well where it sees something of a category.</summary>
    private void LookTwice(ImageFrame frame, NetworkRun run, in ViewGroup group, CancellationToken cancellationToken)
    {
        run.Look(frame, [group.First], 0, _network.Temperature, cancellationToken);
        if (group.More.Length > 0 && SeesSomething(run.Shares(0)))
        {
            run.Look(frame, group.More, 1, _network.Temperature, cancellationToken);
        }
    }

    private bool SeesSomething(ReadOnlySpan<float> shares)
    {
        foreach (CategoryRule rule in _rules)
        {
            if (ClassifierReport.Mass(rule, shares) >= (_mustAgree ? LeastToAgreeOn : LeastOpinion))
            {
                return true;
            }
        }

        return false;
    }

    private static ClassifierView View(in ViewGroup group, bool isFlat, int view) =>
        isFlat ? group.Drawn[view] : view == 0 ? group.First : group.More[view - 1];

    /// <summary>The plain view that shows most of a category: its heat map lies over the image as it is.</summary>
    private static int Clearest(CategoryRule rule, in ViewGroup group, bool isFlat, NetworkRun run)
    {
        (int clearest, double most) = (0, -1);
        for (int view = 0; view < run.Views; view++)
        {
            double mass = ClassifierReport.Mass(rule, run.Shares(view));
            (clearest, most) = mass > most && View(group, isFlat, view).Shape == ViewShape.Plain ? (view, mass) : (clearest, most);
        }

        return clearest;
    }

    /// <summary>A flat image is not what a network for photographs knows: it is judged in part at most.</summary>
    private CoverageLevel Level(int category, bool isFlat) =>
        isFlat && Coverage[category].Level == CoverageLevel.Full ? CoverageLevel.Partial : Coverage[category].Level;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>The views that were answered, and which of them the heat map is of.</summary>
internal readonly record struct SeenViews(NetworkRun Run, int View, ImageBox Region);
