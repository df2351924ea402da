namespace SafeVision.Training.Data.Filtering;

/// <summary>How a filter is fitted.</summary>
/// <param name="Ridge">The penalty on squared weights, for each sample; above 0.</param>
/// <param name="HeldOut">The share of samples, chosen by a hash, that it is measured on and not fitted to, 0 to below 1.</param>
public sealed record FilterFitOptions(double Ridge = 1e-3, double HeldOut = 0.2);

/// <summary>A linear head on the features of a frozen network: it finds in a large heap the images that are worth a
/// judge's look. What it says is no label; judges decide. Immutable and thread-safe.</summary>
public sealed class ImageFilter
{
    /// <summary>The class of harmless images.</summary>
    public const string SafeClass = "safe";

    private const int MostBytes = 256 << 20;
    private const int ShortSide = 256;

    private static readonly SkiaImageDecoder s_decoder = new();

    private readonly FilterFile _file;

    private ImageFilter(FilterFile file)
    {
        _file = file;
        Hash = Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(file, DataJson.Default.FilterFile)));
    }

    /// <summary>The classes: <see cref="SafeClass"/>, then the ids of categories.</summary>
    public IReadOnlyList<string> Classes => _file.Classes;

    /// <summary>The share of held-out samples that it classed right; null where none was held out.</summary>
    public double? HeldOutAccuracy => _file.HeldOutAccuracy;

    /// <summary>SHA-256 over all of it.</summary>
    public string Hash { get; }

    /// <summary>Fits a filter to a labelled dataset. Samples of several labels, and those of its test split, are left out.</summary>
    /// <param name="features">The frozen network.</param>
    /// <param name="dataset">The images with their labels.</param>
    /// <param name="options">How it is fitted; null for the defaults.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="TrainingDataException">Fewer than two classes have a readable image.</exception>
    public static async Task<ImageFilter> FitAsync(ImageFeatures features, EvaluationDataset dataset, FilterFitOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(dataset);
        options ??= new FilterFitOptions();
        if (!(options is { Ridge: > 0 and < 1e6, HeldOut: >= 0 and < 1 }))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options, "The ridge is above 0, and the share that is held out 0 to below 1.");
        }

        List<(float[] Features, string Label, bool IsHeldOut)> samples = [];
        foreach (EvaluationSample sample in dataset.Samples.Where(sample => sample.Labels.Count <= 1 && sample.Split != DatasetSplit.Test))
        {
            try
            {
                bool isHeldOut = DataProject.RandomOf(1, sample.Id).NextDouble() < options.HeldOut;
                samples.Add((await ReadAsync(features, dataset.Open(sample), cancellationToken).ConfigureAwait(false), sample.Labels.Count == 0 ? SafeClass : sample.Labels[0], isHeldOut));
            }
            catch (Exception error) when (error is ImageRejectedException or DatasetException)
            {
                // An image that cannot be read teaches nothing; the dataset's reader has reported it.
            }
        }

        string[] classes = [SafeClass, .. samples.Where(sample => !sample.IsHeldOut).Select(sample => sample.Label).Where(label => label != SafeClass).Distinct().Order(StringComparer.Ordinal)];
        (float[] Features, string Label, bool IsHeldOut)[] fitted = [.. samples.Where(sample => !sample.IsHeldOut)];
        if (fitted.Select(sample => sample.Label).Distinct().Count() < 2)
        {
            throw new TrainingDataException($"'{dataset.Name}': a filter needs readable images of at least two classes, harmless ones among them; there are {fitted.Length} images of {string.Join(", ", fitted.Select(sample => sample.Label).Distinct().DefaultIfEmpty("none"))}.");
        }

        (float[] mean, float[] scale) = Standard([.. fitted.Select(sample => sample.Features)]);
        double[] weights = LogisticRegression.Fit(
            [.. fitted.Select(sample => Standardised(sample.Features, mean, scale))], [.. fitted.Select(sample => Array.IndexOf(classes, sample.Label))], classes.Length, options.Ridge, cancellationToken);
        var file = new FilterFile(features.Model, classes, mean, scale, [.. weights.Select(weight => (float)weight)]);
        (float[] Features, string Label, bool IsHeldOut)[] held = [.. samples.Where(sample => sample.IsHeldOut && classes.Contains(sample.Label))];
        var filter = new ImageFilter(file);
        return held.Length == 0 ? filter : new ImageFilter(file with { HeldOutAccuracy = held.Count(sample => filter.Predict(sample.Features).Label == sample.Label) / (double)held.Length });
    }

    /// <summary>Reads a filter from a file.</summary>
    /// <exception cref="TrainingDataException">The file is missing, or no filter.</exception>
    public static ImageFilter Load(string path)
    {
        try
        {
            FilterFile file = JsonSerializer.Deserialize(RegularFile.ReadAllBytes(path, MostBytes), DataJson.Default.FilterFile) ?? throw new TrainingDataException($"'{path}' is no filter.");
            bool fits = file.Classes.Count >= 2 && file.Mean.Count > 0 && file.Scale.Count == file.Mean.Count && file.Weights.Count == file.Classes.Count * (file.Mean.Count + 1)
                && file.Mean.Concat(file.Scale).Concat(file.Weights).All(float.IsFinite);
            return fits ? new ImageFilter(file) : throw new TrainingDataException($"'{path}': {file.Weights.Count} weights do not fit {file.Classes.Count} classes and {file.Mean.Count} features. Fit the filter again.");
        }
        catch (Exception error) when (error is FileRefusedException or JsonException)
        {
            throw new TrainingDataException($"The filter '{path}' cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Writes the filter to a file.</summary>
    public void Save(string path) => WholeFile.Write(path, JsonSerializer.Serialize(_file, DataJson.Default.FilterFile));

    /// <summary>The likeliest class of an image and its probability.</summary>
    /// <exception cref="TrainingDataException">The filter was fitted to another network.</exception>
    /// <exception cref="ImageRejectedException">The image cannot be read.</exception>
    public async Task<(string Label, double Share)> JudgeAsync(ImageFeatures features, ImageSource image, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(features);
        return features.Model == _file.Model && features.Length == _file.Mean.Count
            ? Predict(await ReadAsync(features, image, cancellationToken).ConfigureAwait(false))
            : throw new TrainingDataException($"The filter was fitted to the features of the network {_file.Model}, and this is {features.Model}. Fit it to this one.");
    }

    private (string Label, double Share) Predict(float[] features)
    {
        double[] row = [.. Standardised(features, _file.Mean, _file.Scale).Select(value => (double)value), 1];
        double[] shares = LogisticRegression.Predict([.. _file.Weights.Select(weight => (double)weight)], row, Classes.Count);
        int best = Array.IndexOf(shares, shares.Max());
        return (Classes[best], shares[best]);
    }

    private static async Task<float[]> ReadAsync(ImageFeatures features, ImageSource source, CancellationToken cancellationToken)
    {
        using DecodedImage image = await s_decoder.DecodeAsync(source, new ImageDecodeOptions { MaxSampledFrames = 1, TargetShortSide = ShortSide }, cancellationToken).ConfigureAwait(false);
        return features.Read(image.Frames[0], cancellationToken);
    }

    private static (float[] Mean, float[] Scale) Standard(IReadOnlyList<float[]> rows)
    {
        float[] mean = new float[rows[0].Length], scale = new float[mean.Length];
        for (int i = 0; i < mean.Length; i++)
        {
            double average = rows.Average(row => (double)row[i]);
            mean[i] = (float)average;
            scale[i] = (float)(1 / Math.Max(1e-6, Math.Sqrt(rows.Average(row => (row[i] - average) * (row[i] - average)))));
        }

        return (mean, scale);
    }

    private static float[] Standardised(float[] row, IReadOnlyList<float> mean, IReadOnlyList<float> scale) => [.. row.Select((value, i) => (value - mean[i]) * scale[i])];
}

/// <summary>A filter as a file: the network's hash, the classes, and the numbers.</summary>
internal sealed record FilterFile(string Model, IReadOnlyList<string> Classes, IReadOnlyList<float> Mean, IReadOnlyList<float> Scale, IReadOnlyList<float> Weights, double? HeldOutAccuracy = null);
