using System.Text.RegularExpressions;

namespace SafeVision.Evaluation.Datasets;

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

    /// <summary>Whether the columns are those of the paper's tables.</summary>
    public bool IsVisionHarm { get; }

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
