namespace SafeVision.Engines.ClosedSet.Taxonomy;

/// <summary>A label of a model at hand.</summary>
/// <param name="Set">The name of its set, such as <c>imagenet</c>.</param>
/// <param name="Name">Its first name.</param>
/// <param name="Meanings">What it means; empty: nothing that a policy could ask for, or, in a set of its own, what its name means.</param>
internal sealed record Label(string Set, int Index, string Name, int Output, int[] Meanings)
{
    public string Id { get; } = $"{Set}:{Index} {Name}"; // how results and reports spell it: imagenet:763 revolver
}

/// <summary>The labels of one model. Where they are those of a set that the taxonomy knows (ImageNet's thousand, COCO's
/// eighty, the five of the NSFW networks, names of symbols), each has the meanings that were reviewed for it; else they
/// are a set of their own, named after the model, whose names are read like the words of a policy.</summary>
internal sealed class LabelSet
{
    private LabelSet(string name, ModelManifest manifest, IReadOnlyList<Label> labels, bool isKnown)
    {
        (Name, Manifest, Labels, IsKnown) = (name, manifest, labels, isKnown);
        Spoken = [.. manifest.Labels.Select(label => manifest.Display.TryGetValue(label, out string? display) ? display : WithArticle(FirstName(label)))];
    }

    public string Name { get; }

    public ModelManifest Manifest { get; }

    public IReadOnlyList<Label> Labels { get; } // by index. A label of a known set that the model lacks is not there.
    public bool IsKnown { get; } // whether the meanings come from the taxonomy

    /// <summary>How each of the model's outputs is said in a sentence, with its article.</summary>
    public IReadOnlyList<string> Spoken { get; }

    /// <exception cref="ModelLoadException">The manifest says that its labels are of a set that they are not.</exception>
    public static LabelSet Of(ModelManifest manifest, WordTaxonomy taxonomy)
    {
        if (manifest.LabelSet is { } name)
        {
            return taxonomy.Sets.TryGetValue(name, out KnownLabels? named)
                ? Match(name, named, manifest)
                : throw new ModelLoadException($"{manifest.Id}: labelSet '{name}' is not known; the taxonomy {taxonomy.Description} has {string.Join(", ", taxonomy.Sets.Keys.Order(StringComparer.Ordinal))}.");
        }

        foreach ((string set, KnownLabels known) in taxonomy.Sets)
        {
            if (known.Names.Count == manifest.Labels.Count && known.Names.Index().All(label => Plain(label.Item) == Plain(FirstName(manifest.Labels[label.Index]))))
            {
                return new LabelSet(set, manifest, [.. known.Names.Select((label, i) => new Label(set, i, label, i, known.Meanings[i]))], isKnown: true);
            }
        }

        string own = taxonomy.Sets.ContainsKey(manifest.Id) ? $"{manifest.Id}-model" : manifest.Id;
        return new LabelSet(own, manifest, [.. manifest.Labels.Select((label, i) => new Label(own, i, FirstName(label), i, []))], isKnown: false);
    }

    /// <summary>A model's labels by their names in a set: it may have fewer, or others, which then mean nothing.</summary>
    private static LabelSet Match(string set, KnownLabels known, ModelManifest manifest)
    {
        var outputs = new Dictionary<string, int>();
        foreach ((int output, string label) in manifest.Labels.Index())
        {
            outputs.TryAdd(Plain(FirstName(label)), output);
        }

        var labels = new List<Label>();
        foreach ((int index, string name) in known.Names.Index())
        {
            bool inPlace = index < manifest.Labels.Count && Plain(FirstName(manifest.Labels[index])) == Plain(name); // two of ImageNet's are both cranes
            if (inPlace || outputs.ContainsKey(Plain(name)))
            {
                labels.Add(new Label(set, index, name, inPlace ? index : outputs[Plain(name)], known.Meanings[index]));
            }
        }

        return labels.Count > 0
            ? new LabelSet(set, manifest, labels, isKnown: true)
            : throw new ModelLoadException($"{manifest.Id}: none of its labels is one of the set '{set}' that the manifest names.");
    }

    private static string WithArticle(string noun) =>
        noun.Length == 0 || (noun.EndsWith('s') && !noun.EndsWith("ss", StringComparison.Ordinal)) ? noun
        : "aeiouAEIOU".Contains(noun[0], StringComparison.Ordinal) ? $"an {noun}"
        : $"a {noun}";

    private static string FirstName(string label) => label.Split(", ")[0];

    private static string Plain(string name) => string.Concat(name.Where(char.IsLetterOrDigit)).ToLowerInvariant();
}
