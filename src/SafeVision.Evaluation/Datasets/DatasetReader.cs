namespace SafeVision.Evaluation.Datasets;

/// <summary>Reads a dataset, whichever of the forms of <see cref="DatasetFormat"/> it has.</summary>
public static class DatasetReader
{
    internal const string HeaderFile = "dataset.json"; // the file that says what a dataset of JSON lines is
    internal const string SamplesFile = "samples.jsonl"; // the file that holds its samples

    /// <summary>Reads a dataset. Rows that cannot be used are left out and listed in <see cref="EvaluationDataset.Problems"/>; look
    /// at them, and at how many samples are left, before trusting a number. No image is decoded.</summary>
    /// <param name="path">A folder, a CSV file, a <c>samples.jsonl</c> or its <c>dataset.json</c>.</param>
    /// <param name="options">How to read it; null for the defaults.</param>
    /// <param name="cancellationToken">Stops the reading between samples.</param>
    /// <exception cref="DatasetException">There is no dataset, its form cannot be told, or its file is over a limit, broken as a whole, or holds no sample at all.</exception>
    public static EvaluationDataset Read(string path, DatasetReadOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new DatasetReadOptions();
        string full = Path.GetFullPath(path);
        try
        {
            string file = Find(full, options.Format);
            EvaluationDataset dataset = FormOf(file, options.Format) switch
            {
                DatasetFormat.Folders => FolderDataset.Read(file, options, cancellationToken),
                DatasetFormat.JsonLines => JsonLinesDataset.Read(file, options, cancellationToken),
                _ => CsvDataset.Read(file, options, cancellationToken),
            };
            return dataset.Samples.Count > 0 || dataset.ProblemCount > 0
                ? dataset
                : throw new DatasetException($"'{path}' holds no sample. A dataset is a folder with a folder of images for each category, a CSV file, or a samples.jsonl.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"The dataset '{path}' cannot be read: {error.Message}", error);
        }
    }

    private static DatasetFormat FormOf(string file, DatasetFormat? named) => (named, Path.GetExtension(file).ToUpperInvariant()) switch
    {
        (null, _) when Directory.Exists(file) => DatasetFormat.Folders,
        (null, ".JSONL" or ".NDJSON") => DatasetFormat.JsonLines,
        (null, _) => DatasetFormat.Csv,
        _ => named.Value,
    };

    /// <summary>The file that holds the samples, or the folder itself where its folders are the categories.</summary>
    private static string Find(string path, DatasetFormat? format)
    {
        if (File.Exists(path))
        {
            if (format == DatasetFormat.Folders)
            {
                throw new DatasetException($"'{path}' is a file; a dataset of the form {format} is a folder of folders.");
            }

            return Path.GetFileName(path) == HeaderFile ? Path.Combine(Path.GetDirectoryName(path)!, SamplesFile) : path;
        }

        if (!Directory.Exists(path))
        {
            throw new DatasetException($"There is no dataset '{path}': neither a file nor a folder.");
        }

        if (format == DatasetFormat.Folders)
        {
            return path;
        }

        if (format is null or DatasetFormat.JsonLines && File.Exists(Path.Combine(path, SamplesFile)))
        {
            return Path.Combine(path, SamplesFile);
        }

        string[] tables = [.. Directory.EnumerateFiles(path, format == DatasetFormat.JsonLines ? "*.jsonl" : "*.csv").Where(file => !DatasetPaths.IsSidecar(file)).Take(2)];
        return tables switch
        {
            [string only] => only,
            [] when format is null => path,
            [] => throw new DatasetException($"The folder '{path}' holds no file of the form {format}."),
            _ => throw new DatasetException($"The folder '{path}' holds several tables. Name the one that is meant."),
        };
    }
}

/// <summary>The forms in which a dataset may lie on a disk. <c>docs/datasets.md</c> shows each.</summary>
public enum DatasetFormat
{
    /// <summary>A CSV file in the published form of VisionHarm-T: the columns <c>ID,Label,Image Path</c>, or those with a third
    /// column <c>Source</c>, and one label of ten, <c>[0]</c> to <c>[9]</c>.</summary>
    VisionHarmT,

    /// <summary>The same with the fifteen classes of VisionHarm-C and several labels for an image: <c>"[1,3]"</c>.</summary>
    VisionHarmC,

    /// <summary>A folder of images for each category; one called safe, none, normal or harmless for harmless images.</summary>
    Folders,

    /// <summary>A CSV file with a header that names an image column and a label column.</summary>
    Csv,

    /// <summary>A file of JSON objects, one a line, each an <see cref="EvaluationSample"/> in camelCase, with a <c>dataset.json</c> beside it.</summary>
    JsonLines,
}

/// <summary>How a dataset is read. The defaults suit a dataset that somebody else made.</summary>
/// <remarks>Setting a value outside its range throws <see cref="ArgumentOutOfRangeException"/>. Not to be changed while in use.</remarks>
public sealed class DatasetReadOptions
{
    /// <summary>The dataset's form; null (the default) to find it from what is there.</summary>
    /// <remarks>A VisionHarm file is taken for VisionHarm-C where a row has several labels or a number above 9, and else for
    /// VisionHarm-T: name the form of one that could be either.</remarks>
    public DatasetFormat? Format { get; set; }

    /// <summary>What labels mean that are no ids of categories: the label, in any case, and the id, or "safe".</summary>
    public IReadOnlyDictionary<string, string> LabelMap { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = new Dictionary<string, string>();

    /// <summary>Reads a JSON object of labels and ids of categories, for <see cref="LabelMap"/>: <c>{"gun": "Weapons_Substance_Abuse", "fine": "safe"}</c>.</summary>
    /// <param name="path">A file of at most 1 MiB.</param>
    /// <exception cref="DatasetException">There is no such file, or it is no such object.</exception>
    public static IReadOnlyDictionary<string, string> ReadLabelMap(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using DatasetText text = DatasetText.Open(path, new DatasetReadOptions { MaxFileBytes = 1 << 20 });
        try
        {
            Dictionary<string, string> map = JsonSerializer.Deserialize(text.ReadToEnd(), DatasetJson.Default.DictionaryStringString) ?? [];
            return map.Values.Any(string.IsNullOrWhiteSpace)
                ? throw new DatasetException($"'{path}' gives a label no meaning. A meaning is the id of a category, or safe.")
                : map;
        }
        catch (JsonException error)
        {
            throw new DatasetException($"'{path}' is no label map: line {error.LineNumber + 1}, {DatasetJson.Explain(error)}. It is an object of labels and ids of categories, such as {{\"gun\": \"Weapons_Substance_Abuse\"}}.", error);
        }
    }

    /// <summary>The ids of the categories that every sample was annotated for; null (the default) for what the dataset says, or,
    /// where it says nothing, the categories that occur. A label that is none of them makes its sample unusable.</summary>
    public IReadOnlyList<string>? Categories { get; set; }

    /// <summary>The folder that image paths start from; null (the default) for the one that holds the dataset's file.</summary>
    public string? ImageFolder { get; set; }

    /// <summary>Whether to look if each image is there. Default true; without it a missing one is found when it is judged.</summary>
    public bool CheckImages { get; set; } = true;

    /// <summary>The most bytes that a dataset's file may have, at least 1. Default 512 MiB. Images have limits of their own.</summary>
    public long MaxFileBytes { get; set => field = Positive(value); } = 512L << 20;

    /// <summary>The most characters of a line, or of a CSV record of several lines, at least 1. Default 1 048 576.</summary>
    public int MaxLineLength { get; set => field = (int)Positive(value); } = 1 << 20;

    /// <summary>The most samples, at least 1. Default one million.</summary>
    public int MaxSamples { get; set => field = (int)Positive(value); } = 1_000_000;

    /// <summary>The most problems that are listed, at least 1; more are counted only. Default 100.</summary>
    public int MaxProblems { get; set => field = (int)Positive(value); } = 100;

    private static long Positive(long value) =>
        value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A limit is at least 1.");
}

/// <summary>A dataset cannot be used; the message says what is wrong, where, and how to mend it.</summary>
public sealed class DatasetException(string message, Exception? innerException = null) : Exception(message, innerException);
