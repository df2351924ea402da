// Datasets: from the five forms on a disk (CsvDataset, JsonLinesDataset, FolderDataset; DatasetReader finds which) through DatasetBuilder,
// which believes only what is sound, to an EvaluationDataset; LeakCheck looks for images that stand in two splits.

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

/// <summary>Which column of a table holds what, by the header's words in any case and spacing.</summary>
internal sealed partial class CsvColumns
{
    private static readonly string[] PaperColumns = ["id", "label", "imagepath"];

    private readonly string[] _names;
    private readonly int _id;
    private readonly int _image;
    private readonly int _label;
    private readonly int _split;
    private readonly int _reason;
    private readonly int _objects;
    private readonly int _tags;

    private CsvColumns(string[] names, bool hasHeader)
    {
        _names = names;
        HasHeader = hasHeader;
        IsVisionHarm = PaperColumns.SequenceEqual(names.Where(name => name != "source"));
        _id = Find("id", "sampleid", "name");
        _image = Find("imagepath", "image", "path", "file", "filename", "filepath");
        _label = Find("labels", "label", "categories", "category", "class");
        _split = Find("split", "subset", "partition");
        _reason = Find("reason", "explanation");
        _objects = Find("objects", "boxes");
        _tags = Find("tags", "tag");
    }

    public bool HasHeader { get; }

    public bool IsVisionHarm { get; } // whether the columns are those of the paper's tables

    /// <summary>Finds the columns in a table's first record. The paper's tables are also found without a header.</summary>
    /// <exception cref="DatasetException">There is no column for the image or for the labels, or there are two.</exception>
    public static CsvColumns Find(IReadOnlyList<string> first, string path)
    {
        if (first.Count is 3 or 4 && Numbers().IsMatch(first[1]))
        {
            return new CsvColumns(first.Count == 3 ? PaperColumns : ["id", "label", "source", "imagepath"], hasHeader: false);
        }

        string[] names = [.. first.Select(name => Spacing().Replace(name, "").ToLowerInvariant())];
        var columns = new CsvColumns(names, hasHeader: true);
        return columns is { _image: >= 0, _label: >= 0 } && names.Length == names.Distinct().Count()
            ? columns
            : throw new DatasetException($"The first line of '{path}' names no column for the image (\"Image Path\", \"image\", \"path\", \"file\") or none for the labels (\"Label\", \"labels\", \"category\"), or one twice. Columns are separated by commas.");
    }

    /// <summary>Whether a record has a field for each column.</summary>
    public bool Fit(IReadOnlyList<string> fields, out string error)
    {
        error = fields.Count == _names.Length ? "" : $"it has {fields.Count} fields for {_names.Length} columns; a field with commas stands in quotes";
        return error.Length == 0;
    }

    /// <summary>The cells of a record. Columns for source, policy and set become tags.</summary>
    public CsvRow Row(string where, IReadOnlyList<string> fields)
    {
        List<string> tags = [.. Given(_tags).Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
        for (int column = 0; column < _names.Length; column++)
        {
            if (_names[column] is "source" or "policy" or "policyid" or "set" && Given(column) is { Length: > 0 } value)
            {
                tags.Add($"{(_names[column] == "policyid" ? "policy" : _names[column])}:{value}");
            }
        }

        return new CsvRow(where, Cell(_id), Cell(_image), Cell(_label), Cell(_split), Given(_reason), Given(_objects), tags);

        string Cell(int column) => column < 0 ? "" : fields[column].Trim();

        // Of what may be missing, a program's word for that is no value.
        string Given(int column) => Cell(column) is var cell && LabelVocabulary.IsMissing(cell) ? "" : cell;
    }

    private int Find(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (Array.IndexOf(_names, name) is >= 0 and int column)
            {
                return column;
            }
        }

        return -1;
    }

    [GeneratedRegex(@"^\s*\[[0-9, ]+\]\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex Numbers();

    [GeneratedRegex(@"[\s_\-]+", RegexOptions.CultureInvariant)]
    private static partial Regex Spacing();
}

/// <summary>A row of a table by the meaning of its cells; an empty text where the table has no such column.</summary>
internal sealed record CsvRow(string Where, string Id, string Image, string Label, string Split, string Reason, string Objects, IReadOnlyList<string> Tags);
