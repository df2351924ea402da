namespace SafeVision.Cli;

/// <summary>How a dataset that was named is to be read: <c>--format</c>, <c>--label-map</c>, <c>--images</c>.</summary>
internal sealed class DatasetOptions
{
    private static readonly Dictionary<string, DatasetFormat> s_formats = new(StringComparer.Ordinal)
    {
        ["visionharm-t"] = DatasetFormat.VisionHarmT,
        ["visionharm-c"] = DatasetFormat.VisionHarmC,
        ["folders"] = DatasetFormat.Folders,
        ["csv"] = DatasetFormat.Csv,
        ["jsonl"] = DatasetFormat.JsonLines,
    };

    private readonly Option<string?> _format = new("--dataset-format") { Description = "The dataset's form: visionharm-t, visionharm-c, folders, csv or jsonl. Found from what is there unless given." };
    private readonly Option<string?> _labels = new("--label-map") { Description = "A JSON file that says what labels mean: {\"gun\": \"Weapons_Substance_Abuse\", \"fine\": \"safe\"}." };
    private readonly Option<string?> _images = new("--images") { Description = "The folder that the image paths of a table start from; the table's own unless given." };

    public DatasetOptions() => _format.AcceptOnlyFromAmong([.. s_formats.Keys]);

    public void AddTo(Command command)
    {
        command.Options.Add(_format);
        command.Options.Add(_labels);
        command.Options.Add(_images);
    }

    public DatasetReadOptions Read(ParseResult parsed) => new()
    {
        Format = parsed.GetValue(_format) is { } format ? s_formats[format] : null,
        ImageFolder = parsed.GetValue(_images),
        LabelMap = parsed.GetValue(_labels) is { } path ? DatasetReadOptions.ReadLabelMap(path) : new Dictionary<string, string>(),
    };
}
