namespace SafeVision.Models;

/// <summary>Another last layer for a classifier's network: labels of its own, told from the same pooled features. Reading them
/// costs no run of a network, and their class-activation maps are as exact as those of the network's own labels.</summary>
internal sealed class FeatureHead
{
    /// <summary>More would be no head but a mistake: both the labels and what they weigh are read into memory.</summary>
    private const int MostChannels = 65_536;

    /// <summary>Pooled features are small and few at a time; larger ones would leave all probability on one label.</summary>
    private const float LikeFeatures = 0.1f;

    private readonly sbyte[] _steps; // [labels, channels]: a weight is a step times its row's scale
    private readonly float[] _scales; // [labels]
    private readonly float[] _offsets; // [labels]

    private FeatureHead(ModelManifest manifest, sbyte[] steps, float[] scales, float[] offsets) =>
        (Manifest, _steps, _scales, _offsets) = (manifest, steps, scales, offsets);

    public ModelManifest Manifest { get; }

    public int Labels => _offsets.Length;

    public int Channels => _steps.Length / _offsets.Length;

    /// <summary>Reads a head's file, little-endian: for each label an offset (float32), for each label a scale (float32), then the
    /// weights as signed bytes, row by row; a weight is byte times its row's scale.</summary>
    /// <exception cref="ModelLoadException">It is missing, altered, no head, or its numbers don't fit its labels.</exception>
    public static FeatureHead Load(ModelPackage package)
    {
        ModelManifest manifest = package.Manifest;
        if (manifest.Kind != "classifierHead")
        {
            throw new ModelLoadException($"{package.Folder.Description}: a {manifest.Kind} is no classifier's head.");
        }

        byte[] bytes = package.ReadVerified(manifest.File);
        int labels = manifest.Labels.Count;
        int cells = bytes.Length - (labels * 2 * sizeof(float));
        if (cells < labels || cells % labels != 0 || cells / labels > MostChannels)
        {
            throw new ModelLoadException($"{package.Folder.Description}: '{manifest.File}' has {bytes.Length} bytes, which is no offset, scale and row of weights for each of {labels} labels.");
        }

        ReadOnlySpan<float> floats = MemoryMarshal.Cast<byte, float>(bytes);
        float[] offsets = [.. floats[..labels]], scales = [.. floats[labels..(2 * labels)]];
        sbyte[] steps = MemoryMarshal.Cast<byte, sbyte>(bytes.AsSpan(labels * 2 * sizeof(float))).ToArray();
        return float.IsFinite(TensorPrimitives.Sum<float>(offsets)) && float.IsFinite(TensorPrimitives.Sum<float>(scales))
            ? new FeatureHead(manifest, steps, scales, offsets)
            : throw new ModelLoadException($"{package.Folder.Description}: '{manifest.File}' holds numbers that are not finite.");
    }

    /// <summary>Adds a label's row, how much each channel speaks for it, times a factor to <paramref name="weights"/>: [channels].</summary>
    public void AddWeights(int label, float factor, Span<float> weights)
    {
        ReadOnlySpan<sbyte> row = _steps.AsSpan(label * Channels, Channels);
        for (int channel = 0; channel < row.Length; channel++)
        {
            weights[channel] += factor * _scales[label] * row[channel];
        }
    }

    /// <summary>The labels' probabilities.</summary>
    /// <param name="features">The pooled features: [channels].</param>
    /// <param name="probabilities">Filled: [labels].</param>
    /// <exception cref="ModelOutputException">The features are not finite, or so large that the logits are not.</exception>
    public void ReadProbabilities(ReadOnlySpan<float> features, Span<float> probabilities)
    {
        for (int label = 0; label < _offsets.Length; label++)
        {
            probabilities[label] = (_scales[label] * Dot(_steps.AsSpan(label * Channels, Channels), features)) + _offsets[label];
        }

        Probabilities.RequireFinite(probabilities, Manifest.Id, "its logits");
        Probabilities.SoftMax(probabilities, probabilities);
    }

    /// <summary>The golden's output: the probabilities for features made from its seed.</summary>
    /// <exception cref="ModelLoadException">The golden's shape isn't that of the features.</exception>
    public float[] Run(ModelGolden golden)
    {
        if (golden.Shape is not [int channels] || channels != Channels)
        {
            throw new ModelLoadException($"{Manifest.Id}: the golden '{golden.Name}' has the shape [{string.Join(", ", golden.Shape)}], but the features are [{Channels}].");
        }

        float[] probabilities = new float[Labels];
        float[] features = GoldenInput.Create(golden.Seed, Channels);
        TensorPrimitives.Multiply(features, LikeFeatures, features);
        ReadProbabilities(features, probabilities);
        return probabilities;
    }

    /// <summary>The weights stay bytes, a quarter of the memory, and are widened as they are read.</summary>
    private static float Dot(ReadOnlySpan<sbyte> steps, ReadOnlySpan<float> features)
    {
        Vector<float> sum = default;
        int i = 0, width = Vector<float>.Count;
        for (; i <= steps.Length - Vector<sbyte>.Count; i += Vector<sbyte>.Count)
        {
            Vector.Widen(new Vector<sbyte>(steps[i..]), out Vector<short> low, out Vector<short> high);
            Vector.Widen(low, out Vector<int> first, out Vector<int> second);
            Vector.Widen(high, out Vector<int> third, out Vector<int> fourth);
            sum += (Vector.ConvertToSingle(first) * new Vector<float>(features[i..])) + (Vector.ConvertToSingle(second) * new Vector<float>(features[(i + width)..]));
            sum += (Vector.ConvertToSingle(third) * new Vector<float>(features[(i + (2 * width))..])) + (Vector.ConvertToSingle(fourth) * new Vector<float>(features[(i + (3 * width))..]));
        }

        float rest = Vector.Sum(sum);
        for (; i < steps.Length; i++)
        {
            rest += steps[i] * features[i];
        }

        return rest;
    }
}
