using System.Text.Json;

namespace SafeVision.Evaluation.Datasets;

/// <summary>A file with a JSON object for each sample, and what <c>dataset.json</c> beside it says of them all.</summary>
internal static class JsonLinesDataset
{
    private const long MostHeaderBytes = 16L << 20;

    public static EvaluationDataset Read(string path, DatasetReadOptions options, CancellationToken cancellationToken)
    {
        string folder = Path.GetDirectoryName(path)!;
        DatasetHeader header = ReadHeader(Path.Combine(folder, DatasetReader.HeaderFile));
        var labels = new LabelVocabulary(options.LabelMap, options.Categories ?? header.Categories);
        var builder = new DatasetBuilder(options.ImageFolder ?? folder, labels, options);
        using DatasetText text = DatasetText.Open(path, options);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string where = $"{text.Name}:{text.Line}";
            if (text.ReadLine(out bool tooLong) is not { } line)
            {
                break;
            }

            if (tooLong)
            {
                builder.Report(DatasetProblemKind.Malformed, where, $"The line has more than {options.MaxLineLength} characters ({nameof(DatasetReadOptions)}.{nameof(DatasetReadOptions.MaxLineLength)}) and is left out.");
            }
            else if (!string.IsNullOrWhiteSpace(line))
            {
                AddLine(builder, where, line);
            }
        }

        return builder.Build(header.Name ?? Path.GetFileName(folder), header.Version ?? "");
    }

    private static void AddLine(DatasetBuilder builder, string where, string line)
    {
        try
        {
            SampleDraft draft = JsonSerializer.Deserialize(line, DatasetJson.Default.SampleDraft) ?? new SampleDraft();
            builder.Add(draft with { Where = where });
        }
        catch (JsonException error)
        {
            builder.Report(DatasetProblemKind.Malformed, where, $"The line is left out: {DatasetJson.Explain(error)}.");
        }
    }

    private static DatasetHeader ReadHeader(string path)
    {
        if (!File.Exists(path))
        {
            return new DatasetHeader();
        }

        try
        {
            // Read as text first, for its limits: a header of many gigabytes is not a header.
            using DatasetText text = DatasetText.Open(path, new DatasetReadOptions { MaxFileBytes = MostHeaderBytes });
            DatasetHeader header = JsonSerializer.Deserialize(text.ReadToEnd(), DatasetJson.Default.DatasetHeader) ?? new DatasetHeader();
            return header.Categories?.Any(string.IsNullOrWhiteSpace) == true
                ? throw new DatasetException($"'{path}' lists an empty category.")
                : header;
        }
        catch (JsonException error)
        {
            throw new DatasetException($"'{path}' does not describe a dataset: line {error.LineNumber + 1}, {DatasetJson.Explain(error)}. It holds name, version and categories (a list of ids).", error);
        }
    }
}
