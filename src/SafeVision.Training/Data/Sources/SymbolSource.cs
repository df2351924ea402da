namespace SafeVision.Training.Data.Sources;

/// <summary>Scenes drawn from symbols, alone or each with its edited twin.</summary>
internal sealed class SymbolSource : DataSource
{
    private readonly SymbolScenes _scenes;
    private readonly bool _isTest;
    private readonly int _count;
    private readonly bool _edits;

    public SymbolSource(string name, SymbolSceneOptions options, int count, bool edits)
        : base(name)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        (_scenes, _isTest, _count, _edits) = (SymbolScenes.Create(options), options.Split == DatasetSplit.Test, count, edits);
        Identity = FormattableString.Invariant(
            $"symbols seed {options.Seed}, split {options.Split}, sets {string.Join(' ', options.Sets)}, names {string.Join('|', options.Names)}, colors {options.KeepsColors}, things {options.FewestThings} to {options.MostThings}, size {options.ImageSize}, icons {options.IconSet}, edits {edits}");
    }

    // More scenes of the same kind are no other source, so the count is left out.
    internal override string Identity { get; }

    internal override IAsyncEnumerable<Candidate> ReadAsync(CancellationToken cancellationToken) => Enumerable.Range(0, _count).SelectMany(Candidates).ToAsyncEnumerable();

    // Drawn when it is collected, so that what is collected already is not drawn again.
    private IEnumerable<Candidate> Candidates(int index)
    {
        string key = FormattableString.Invariant($"{Name}/{index:D6}");
        if (!_edits)
        {
            return [CandidateOf(key, null, new Lazy<SymbolScene>(() => _scenes.Draw(index)))];
        }

        var edit = new Lazy<(SymbolScene Before, SymbolScene After, int Exchanged)>(() => _scenes.DrawEdit(index));
        return
        [
            CandidateOf($"{key}a", $"{key}b", new Lazy<SymbolScene>(() => edit.Value.Before)),
            CandidateOf($"{key}b", $"{key}a", new Lazy<SymbolScene>(() => edit.Value.After)),
        ];
    }

    private Candidate CandidateOf(string key, string? pair, Lazy<SymbolScene> scene) => new(key, () => RecordOf(key, pair, scene.Value), _ => Task.FromResult<ReadOnlyMemory<byte>>(RgbImage.Png(scene.Value)));

    private ImageRecord RecordOf(string key, string? pair, SymbolScene scene) => new()
    {
        Key = key,
        Outcome = StageOutcome.Kept,
        Labels = [.. scene.Symbols.SelectMany(symbol => symbol.Categories).Distinct().Order(StringComparer.Ordinal)],
        Objects = [.. scene.Symbols.Select(symbol => new SampleObject(symbol.Name, symbol.Box, symbol.Categories))],
        Pair = pair,
        Pinned = _isTest ? TrainingSplit.Test : null, // drawings that are never trained on
        Provenance = new SampleProvenance
        {
            Source = $"symbols {string.Join(", ", scene.Symbols.Select(symbol => symbol.Drawing).Distinct())}",
            Licence = "those of the icon sets named in the source",
            Stage = DataProject.Collect,
            Judge = "truth",
        },
    };
}
