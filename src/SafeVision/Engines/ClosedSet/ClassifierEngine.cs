namespace SafeVision.Engines.ClosedSet;

/// <summary>Judges with closed-set image classifiers by policies that they were never trained for. A phrase of the
/// policy means a set of labels, found by what its words mean: every label that is the thing or a kind of it. A
/// category is the union of its includes less the union of its excludes, and an image's score is the probability mass
/// of that set. What no label shows is not covered, and the coverage says so. A network trained on photographs names
/// few drawings rightly: where a head for drawings is given, images that are drawn are judged by what it tells from the
/// same features too, and both count; what is covered is the networks' alone to say.</summary>
public sealed class ClassifierEngine : IGuardrailEngine
{
    private readonly IReadOnlyList<ModelPackage> _classifiers;
    private readonly ModelPackage? _taxonomy;
    private readonly ModelPackage? _drawings;
    private readonly ClassifierEngineOptions _options;
    private readonly EngineContext _context;
    private readonly SemaphoreSlim _loading = new(1, 1);
    private readonly ClassifierNetwork?[] _networks;
    private LabelsAtHand? _labels;
    private DrawingsHead? _head;

    /// <summary>Creates an engine; models are loaded when a policy is compiled that needs them.</summary>
    /// <param name="classifiers">The image classifiers, at least one, cheapest first.</param>
    /// <param name="taxonomy">What words mean, and which labels have those meanings; null: labels are meant by their exact names, and by what the manifests map to categories.</param>
    /// <param name="options">Drawings and views.</param>
    /// <param name="context">Sessions and providers.</param>
    /// <param name="drawings">A head that tells from the features of one of the classifiers what drawings show; null: none.</param>
    public ClassifierEngine(
        IReadOnlyList<ModelPackage> classifiers, ModelPackage? taxonomy, ClassifierEngineOptions options, EngineContext context, ModelPackage? drawings = null)
    {
        ArgumentNullException.ThrowIfNull(classifiers);
        ArgumentOutOfRangeException.ThrowIfZero(classifiers.Count, nameof(classifiers));
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(context);
        (_classifiers, _taxonomy, _options, _context) = (classifiers, taxonomy, options.Validate(), context);
        _drawings = _options.JudgesDrawings ? drawings : null;
        _networks = new ClassifierNetwork?[classifiers.Count];
    }

    /// <inheritdoc />
    public string Name => "classifier";

    /// <summary>What of a policy classifiers can judge by what their labels mean, in the policy's order. No network is
    /// loaded, so that it takes milliseconds.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="taxonomy">What words mean, and which labels have those meanings.</param>
    /// <param name="classifiers">The image classifiers.</param>
    /// <param name="drawings">A head for drawings; null: none.</param>
    /// <exception cref="ModelLoadException">The taxonomy's files are missing or broken.</exception>
    public static IReadOnlyList<CategoryCoverage> CoverageOf(
        SafetyPolicy policy, ModelPackage taxonomy, IReadOnlyList<ModelPackage> classifiers, ModelPackage? drawings = null)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(taxonomy);
        ArgumentNullException.ThrowIfNull(classifiers);
        return new LabelsAtHand(WordTaxonomy.Load(taxonomy), classifiers, drawings).Read(policy, CancellationToken.None).Coverage;
    }

    /// <inheritdoc />
    public async ValueTask<ICompiledPolicy> CompileAsync(SafetyPolicy policy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(policy);
        await _loading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            _labels ??= new LabelsAtHand(_taxonomy is null ? WordTaxonomy.Empty : WordTaxonomy.Load(_taxonomy), _classifiers, _drawings);
            PolicyReading reading = _labels.Read(policy, cancellationToken);
            CategoryRule[][] rules = [.. _labels.Networks.Select(reading.RulesFor)];
            int[] needed = [.. rules.Index().Where(network => Array.Exists(network.Item, rule => rule.Level != CoverageLevel.None)).Select(network => network.Index)];
            int[] places = [.. needed.DefaultIfEmpty(_networks.Length - 1)];
            await Task.WhenAll(places.Select(place => OpenAsync(place, cancellationToken))).ConfigureAwait(false); // at the same time: each takes a core
            var parts = new List<ICompiledPolicy>();
            foreach (int place in places)
            {
                ClassifierNetwork network = await LoadAsync(place, cancellationToken).ConfigureAwait(false);
                CompiledDrawings? drawings = _head?.Network == network ? new CompiledDrawings(network, _head, reading.DrawnRulesFor(_head.Labels)) : null;
                SecondOpinion? opinion = await OpinionAsync(network, place, cancellationToken).ConfigureAwait(false);
                parts.Add(new CompiledClassifier(
                    network, _labels.Networks[place], rules[place], drawings, opinion, _options.Views, needed.Length < 2 ? reading.Coverage : null, _labels.Provenance));
            }

            return parts is [{ } only] ? only : new CompiledCascade(parts, new CascadeEngineOptions()) { Coverage = reading.Coverage, SideBySide = true };
        }
        finally
        {
            _loading.Release();
        }
    }

    private async Task<ClassifierNetwork> OpenAsync(int place, CancellationToken cancellationToken) => _networks[place] ??=
        await ClassifierNetwork.LoadAsync(_classifiers[place], _context.Sessions, _context.Execution, cancellationToken).ConfigureAwait(false);

    private async Task<ClassifierNetwork> LoadAsync(int place, CancellationToken cancellationToken)
    {
        ClassifierNetwork network = await OpenAsync(place, cancellationToken).ConfigureAwait(false);
        if (_drawings is not null && _head is null && (place == _networks.Length - 1 || _drawings.Manifest.FeaturesOf == network.Package.Manifest.Sha256))
        {
            _head = DrawingsHead.Load(_drawings, network, _labels!.Drawings!);
        }

        return network;
    }

    /// <summary>The other network that a network's manifest wants to be asked about its high scores; null where it is not at hand.</summary>
    private async Task<SecondOpinion?> OpinionAsync(ClassifierNetwork network, int own, CancellationToken cancellationToken)
    {
        if (network.Package.Manifest.SecondOpinion is not { } source)
        {
            return null;
        }

        for (int place = 0; place < _networks.Length; place++)
        {
            LabelSet labels = _labels!.Networks[place];
            if (place != own && labels.Name == source.LabelSet)
            {
                ClassifierNetwork other = await LoadAsync(place, cancellationToken).ConfigureAwait(false);
                IEnumerable<int> related = labels.Labels.Where(label => source.Related.Contains(label.Name)).Select(label => label.Output);
                return new SecondOpinion(other, labels.Spoken, _options.Views, source.SureFrom, related);
            }
        }

        return null;
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        foreach (ClassifierNetwork? network in _networks)
        {
            network?.Dispose();
        }

        _loading.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>What the classifier engine looks at.</summary>
public sealed class ClassifierEngineOptions
{
    /// <summary>Whether drawings, emoji and signs are judged by the head for drawings as well, where the engine has
    /// one. Default: true. False leaves the network's own labels alone, whatever the image.</summary>
    public bool JudgesDrawings { get; set; } = true;

    /// <summary>Which parts of an image are shown to the network. Default: <see cref="ViewPlan.Whole"/>.</summary>
    public ViewPlan Views { get; set; } = ViewPlan.Whole;

    internal ClassifierEngineOptions Validate() => Enum.IsDefined(Views)
        ? (ClassifierEngineOptions)MemberwiseClone()
        : throw new ArgumentException($"Views must be one of {string.Join(", ", Enum.GetNames<ViewPlan>())}, but is {Views}.");
}

/// <summary>Which parts of an image a network with a square input looks at.</summary>
public enum ViewPlan
{
    /// <summary>What the model's preprocessing keeps, mostly the centre: fastest, blind at the sides of wide images.</summary>
    Centre = 0,

    /// <summary>The whole image, so that nothing is out of sight: where the model's own crop leaves out more than 30 %,
    /// squeezed into the square, and where that shows something of a category, the crop as well. Of an image more than
    /// two and a half times as long as wide, squares along the long side too; the part with the highest score
    /// decides.</summary>
    Whole = 1,

    /// <summary>As <see cref="Whole"/>, and where the whole shows a little of something of a category (a mass from 0.02
    /// to 0.45), its quarters too, in which something small may be clear; four more runs for such an image. Finds more
    /// small things, and flags more images wrongly (docs/benchmarks.md): for policies whose misses cost more than their
    /// false alarms.</summary>
    Quarters = 2,
}
