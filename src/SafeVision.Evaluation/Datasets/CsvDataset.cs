using System.Globalization;
using System.Text.Json;

namespace SafeVision.Evaluation.Datasets;

/// <summary>A CSV file: one of the paper's two, or any whose header names the image and the labels.</summary>
internal static class CsvDataset
{
    public static EvaluationDataset Read(string path, DatasetReadOptions options, CancellationToken cancellationToken)
    {
        string folder = Path.GetFullPath(options.ImageFolder ?? Path.GetDirectoryName(path)!);
        using DatasetText text = DatasetText.Open(path, options);
        var records = new CsvRecordReader(text, options.MaxLineLength);
        if (!records.Read())
        {
            throw new DatasetException($"'{path}' holds nothing but blank lines.");
        }

        CsvColumns columns = CsvColumns.Find(records.Fields, path);
        List<CsvRow> rows = [];
        List<(string Where, string Error)> broken = [];
        for (bool more = !columns.HasHeader || records.Read(); more; more = records.Read())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (records.Error is { } error || !columns.Fit(records.Fields, out error))
            {
                broken.Add((records.Where, error));
            }
            else
            {
                rows.Add(columns.Row(records.Where, records.Fields));
            }

            if (rows.Count + broken.Count > options.MaxSamples)
            {
                throw new DatasetException($"'{path}' has more than {options.MaxSamples} rows ({nameof(DatasetReadOptions)}.{nameof(DatasetReadOptions.MaxSamples)}).");
            }
        }

        DatasetFormat format = options.Format ?? (columns.IsVisionHarm && rows.Any(row => LooksNumbered(row.Label)) ? FormatOf(rows) : DatasetFormat.Csv);
        IReadOnlyList<string>? classes = format switch { DatasetFormat.VisionHarmT => VisionHarmClasses.T, DatasetFormat.VisionHarmC => VisionHarmClasses.C, _ => null };
        var builder = new DatasetBuilder(folder, new LabelVocabulary(options.LabelMap, options.Categories, classes), options);
        foreach ((string where, string error) in broken)
        {
            builder.Report(DatasetProblemKind.Malformed, where, $"The row is left out: {error}.");
        }

        foreach (CsvRow row in rows)
        {
            Add(builder, row, folder);
        }

        return builder.Build(format switch { DatasetFormat.VisionHarmT => "VisionHarm-T", DatasetFormat.VisionHarmC => "VisionHarm-C", _ => Path.GetFileNameWithoutExtension(path) });
    }

    private static void Add(DatasetBuilder builder, CsvRow row, string folder)
    {
        IReadOnlyList<ObjectDraft>? objects = null;
        try
        {
            objects = row.Objects.Length > 0 ? JsonSerializer.Deserialize(row.Objects, DatasetJson.Default.IReadOnlyListObjectDraft) : null;
        }
        catch (JsonException error)
        {
            builder.Report(DatasetProblemKind.Malformed, row.Where, $"The row is left out: in its objects {DatasetJson.Explain(error)}.");
            return;
        }

        string image = InFolder(row.Image, folder);
        IReadOnlyList<string>? labels = builder.Labels.Maps(row.Label) ? [row.Label] : LabelsOf(row.Label);
        builder.Add(new SampleDraft
        {
            Where = row.Where,
            Id = SampleId.From(row.Id.Length > 0 ? row.Id : image),
            Image = image,
            Labels = labels,
            Objects = objects,
            Reasons = row.Reason.Length > 0 && labels is [string only] ? new Dictionary<string, string> { [only] = row.Reason } : null,
            Split = row.Split,
            Tags = [.. row.Tags],
        });
    }

    /// <summary>Tables are often written on another machine: with its separators, or with the whole path of the folder.</summary>
    private static string InFolder(string image, string folder)
    {
        string path = image.Replace('\\', '/');
        if (path.StartsWith(folder + "/", StringComparison.Ordinal))
        {
            path = path[(folder.Length + 1)..];
        }

        return path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;
    }

    /// <summary>The labels of a cell: <c>[1,3]</c>, <c>Sexual;Political</c> or one by itself; null for none.</summary>
    private static string[]? LabelsOf(string cell)
    {
        string text = cell;
        if (text.StartsWith('[') && text.EndsWith(']'))
        {
            text = text[1..^1];
        }

        char[] separators = text.Contains("<|", StringComparison.Ordinal) ? [',', ';'] : [',', ';', '|'];
        string[] parts = [.. text.Split(separators, StringSplitOptions.TrimEntries).Select(part => part.Trim('"', '\''))];
        return parts is [""] ? null : parts;
    }

    private static bool LooksNumbered(string label) => label.StartsWith('[') && LabelsOf(label)?.All(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _)) == true;

    private static DatasetFormat FormatOf(List<CsvRow> rows) =>
        rows.Any(row => LooksNumbered(row.Label) && LabelsOf(row.Label) is { } labels && (labels.Length > 1 || int.Parse(labels[0], CultureInfo.InvariantCulture) >= VisionHarmClasses.T.Count))
            ? DatasetFormat.VisionHarmC
            : DatasetFormat.VisionHarmT;
}
