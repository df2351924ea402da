namespace SafeVision.Evaluation.Datasets;

/// <summary>Reads a dataset, whichever of the forms of <see cref="DatasetFormat"/> it has.</summary>
public static class DatasetReader
{
    /// <summary>The file that says what a dataset of JSON lines is.</summary>
    internal const string HeaderFile = "dataset.json";

    /// <summary>The file that holds its samples.</summary>
    internal const string SamplesFile = "samples.jsonl";

    /// <summary>
    /// Reads a dataset. Rows that cannot be used are left out and listed in <see cref="EvaluationDataset.Problems"/>; look at
    /// them, and at how many samples are left, before trusting a number. No image is decoded.
    /// </summary>
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

        // macOS writes ._name beside a file on foreign disks.
        string[] tables = [.. Directory.EnumerateFiles(path, format == DatasetFormat.JsonLines ? "*.jsonl" : "*.csv").Where(file => !Path.GetFileName(file).StartsWith("._", StringComparison.Ordinal)).Take(2)];
        return tables switch
        {
            [string only] => only,
            [] when format is null => path,
            [] => throw new DatasetException($"The folder '{path}' holds no file of the form {format}."),
            _ => throw new DatasetException($"The folder '{path}' holds several tables. Name the one that is meant."),
        };
    }
}
