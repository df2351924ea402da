using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using SafeVision.Models;

namespace SafeVision.Engines.ClosedSet;

/// <summary>A classifier's labels as points in a sentence encoder's space, one for each name that a label goes by.</summary>
internal sealed class LabelSpace
{
    /// <summary>The sentence around a label or phrase: closer to what the encoder was trained on than a bare word.</summary>
    private const string Template = "a photo of ";

    private readonly TextEncoder? _encoder;
    private readonly float[] _vectors; // [names, dimensions]
    private readonly int[] _owners;    // [names] → label

    private LabelSpace(ModelManifest manifest, TextEncoder? encoder, float[] vectors, int[] owners)
    {
        (Manifest, _encoder, _vectors, _owners) = (manifest, encoder, vectors, owners);
        Names = [.. manifest.Labels.Select(label => manifest.Display.TryGetValue(label, out string? display) ? display : WithArticle(label.Split(", ")[0]))];
    }

    public ModelManifest Manifest { get; }

    /// <summary>How each label is said in a sentence, with its article.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Whether phrases can be compared with labels.</summary>
    public bool ComparesPhrases => _encoder is not null;

    public static LabelSpace Create(ModelPackage classifier, TextEncoder? encoder, CancellationToken cancellationToken)
    {
        ModelManifest manifest = classifier.Manifest;
        if (encoder is null)
        {
            return new LabelSpace(manifest, null, [], []);
        }

        (string[] texts, int[] owners) = TextsOf(manifest);
        float[] vectors = manifest.LabelEmbeddings is { } stored && stored.Encoder == encoder.Sha256
            ? ReadStored(classifier, stored.File, texts.Length * encoder.Dimensions)
            : encoder.Embed(texts, cancellationToken);
        return new LabelSpace(manifest, encoder, vectors, owners);
    }

    /// <summary>Every name of every label as the encoder reads it, and which label it belongs to.</summary>
    internal static (string[] Texts, int[] Owners) TextsOf(ModelManifest manifest)
    {
        var names = new List<(string Text, int Label)>();
        for (int label = 0; label < manifest.Labels.Count; label++)
        {
            names.AddRange(manifest.NamesOf(manifest.Labels[label]).Select(name => (Template + name, label)));
        }

        return ([.. names.Select(name => name.Text)], [.. names.Select(name => name.Label)]);
    }

    /// <summary>The cosine similarity of each phrase with each label, taking the label's closest name: [phrases][labels].</summary>
    public float[][] Compare(IReadOnlyList<string> phrases, CancellationToken cancellationToken)
    {
        float[] embedded = _encoder!.Embed([.. phrases.Select(phrase => Template + phrase)], cancellationToken);
        float[][] result = new float[phrases.Count][];
        for (int phrase = 0; phrase < result.Length; phrase++)
        {
            ReadOnlySpan<float> vector = embedded.AsSpan(phrase * _encoder.Dimensions, _encoder.Dimensions);
            float[] row = result[phrase] = new float[Manifest.Labels.Count];
            row.AsSpan().Fill(-1);
            for (int name = 0; name < _owners.Length; name++)
            {
                float cosine = TensorPrimitives.Dot(vector, _vectors.AsSpan(name * _encoder.Dimensions, _encoder.Dimensions));
                row[_owners[name]] = Math.Max(row[_owners[name]], cosine);
            }
        }

        return result;
    }

    private static float[] ReadStored(ModelPackage classifier, string file, int length)
    {
        byte[] bytes = classifier.ReadVerified(file);
        if (bytes.Length != length * sizeof(ushort))
        {
            throw new Inference.ModelLoadException($"{classifier.Folder.Description}: '{file}' has {bytes.Length} bytes, but {length} half-precision numbers are {length * sizeof(ushort)}.");
        }

        float[] values = new float[length];
        TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), values);
        return values;
    }

    private static string WithArticle(string noun) => noun.Length > 0 && "aeiouAEIOU".Contains(noun[0], StringComparison.Ordinal) ? $"an {noun}" : $"a {noun}";
}
