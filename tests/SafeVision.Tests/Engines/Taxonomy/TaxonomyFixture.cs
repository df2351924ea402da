using SafeVision.Engines.ClosedSet.Taxonomy;
using SafeVision.Models;

namespace SafeVision.Tests.Engines.Taxonomy;

/// <summary>The package's taxonomy, and vocabularies of label sets as networks would bring them.</summary>
public sealed class TaxonomyFixture
{
    private readonly Dictionary<string, Vocabulary> _vocabularies = [];

    internal static WordTaxonomy Default { get; } = WordTaxonomy.Load(DefaultModels.Taxonomy);

    /// <summary>A vocabulary of sets that the taxonomy knows.</summary>
    internal Vocabulary Of(params string[] sets)
    {
        string key = string.Join(' ', sets);
        lock (_vocabularies)
        {
            return _vocabularies.TryGetValue(key, out Vocabulary? known) ? known : _vocabularies[key] = new Vocabulary(Default, [.. sets.Select(SetOf)]);
        }
    }

    /// <summary>A vocabulary of a network's own labels.</summary>
    internal static Vocabulary Own(params string[] labels) => new(Default, [LabelSet.Of(Manifest("own", labels), Default)]);

    internal static LabelSet SetOf(string set) => LabelSet.Of(Manifest(set, [.. Default.Sets[set].Names], set), Default);

    internal static ModelManifest Manifest(string id, string[] labels, string? set = null) => new()
    {
        Schema = 1,
        Id = id,
        Kind = "imageClassifier",
        License = "MIT",
        File = "model.onnx",
        Sha256 = new string('0', 64),
        LabelSet = set,
        Labels = labels,
    };
}
