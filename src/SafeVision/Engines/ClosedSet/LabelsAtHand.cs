namespace SafeVision.Engines.ClosedSet;

/// <summary>The labels of an engine's models under one taxonomy: those of its networks, and apart from them those of its head for drawings.</summary>
internal sealed class LabelsAtHand
{
    private readonly Vocabulary _photos;
    private readonly Vocabulary? _drawn;

    public LabelsAtHand(WordTaxonomy taxonomy, IReadOnlyList<ModelPackage> classifiers, ModelPackage? drawings)
    {
        Networks = [.. classifiers.Select(classifier => LabelSet.Of(classifier.Manifest, taxonomy))];
        Drawings = drawings is null ? null : LabelSet.Of(drawings.Manifest, taxonomy);
        _photos = new Vocabulary(taxonomy, Networks);
        _drawn = Drawings is null ? null : new Vocabulary(taxonomy, [Drawings]);
        Provenance = taxonomy.Manifest is { } manifest ? [new ModelProvenance("classifier", manifest.Id, taxonomy.Identity, "cpu", null)] : [];
    }

    /// <summary>By network, in the engine's order.</summary>
    public IReadOnlyList<LabelSet> Networks { get; }

    /// <summary>Of the head for drawings; null: there is none.</summary>
    public LabelSet? Drawings { get; }

    /// <summary>Which words and labels these are, since with others the same policy may mean something else; empty: no taxonomy.</summary>
    public IReadOnlyList<ModelProvenance> Provenance { get; }

    public PolicyReading Read(SafetyPolicy policy, CancellationToken cancellationToken) => PolicyReading.Read(policy, _photos, _drawn, cancellationToken);
}
