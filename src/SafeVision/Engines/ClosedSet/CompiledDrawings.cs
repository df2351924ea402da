namespace SafeVision.Engines.ClosedSet;

/// <summary>A policy compiled for what drawings show. The network's own labels and those of the head for drawings both
/// know something, and who is surer weighs more: the head of what icons show (docs/benchmarks.md), the network of what
/// none does, and of a photograph that few colours made flat. What the mass of both is worth as a score, the head's
/// manifest says.</summary>
internal sealed class CompiledDrawings(ClassifierNetwork network, DrawingsHead drawings, CategoryRule[] rules)
{
    private const double PhotoShare = 0.3; // of the network's own labels, where the head is surer
    private const double SurePhotoShare = 0.8; // where they are, and say so in more than half

    /// <summary>Drawings are not what the network was trained on, and it is too sure of them.</summary>
    public const float Temperature = 1.2f;

    private readonly float _step = (float)(network.Recipe.Rescale / network.Recipe.Std.Green);

    public ClassifierReport Report { get; } = new(network, drawings.Labels, drawings.Head);

    public IReadOnlyList<CategoryRule> Rules => rules;

    public ModelProvenance Model => new("classifier", drawings.Head.Manifest.Id, drawings.Head.Manifest.Sha256, "cpu", null);

    /// <summary>The mass of both, and whether the head has more part in it.</summary>
    public static (double Mass, bool SaysHead) Join(double photo, double symbol)
    {
        double share = photo > Math.Max(symbol, 0.5) ? SurePhotoShare : PhotoShare;
        return ((share * photo) + ((1 - share) * symbol), (1 - share) * symbol > share * photo);
    }

    /// <summary>Whether the view is of a drawing, a screen or a document.</summary>
    public bool IsFlat(ReadOnlySpan<float> input) => FlatImage.Is(input, network.Recipe.InputSize, _step);

    /// <summary>The mean over a run's views of the probabilities of what may be drawn: [labels], in the run's buffers.</summary>
    /// <exception cref="Inference.ModelOutputException">The features are not finite.</exception>
    public ReadOnlySpan<float> Read(NetworkRun run)
    {
        int labels = drawings.Head.Labels;
        run.MakeRoomForDrawn(labels);
        Span<float> shares = run.Drawn.AsSpan(0, labels), mean = run.Drawn.AsSpan(labels, labels);
        mean.Clear();
        for (int view = 0; view < run.Views; view++)
        {
            network.Pool(run.Features(view), run.Pooled);
            drawings.Head.ReadProbabilities(run.Pooled, shares);
            TensorPrimitives.MultiplyAdd(shares, 1f / run.Views, mean, mean);
        }

        return mean;
    }
}

/// <summary>The head that tells what drawings show, the network whose features it reads, and its labels.</summary>
internal sealed record DrawingsHead(FeatureHead Head, ClassifierNetwork Network, LabelSet Labels)
{
    /// <exception cref="ModelLoadException">The head is missing, altered, or belongs to another network.</exception>
    public static DrawingsHead Load(ModelPackage package, ClassifierNetwork network, LabelSet labels)
    {
        FeatureHead head = FeatureHead.Load(package);
        ModelManifest classifier = network.Package.Manifest;
        if (head.Manifest.FeaturesOf != classifier.Sha256 || head.Channels != network.Channels)
        {
            throw new ModelLoadException(
                $"{package.Folder.Description}: reads {head.Channels} features of the model {head.Manifest.FeaturesOf}, but {classifier.Id} has {network.Channels} and is {classifier.Sha256}. Give the head that was made for it, or none.");
        }

        return new DrawingsHead(head, network, labels);
    }
}
