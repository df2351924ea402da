namespace SafeVision.Evaluation.Datasets;

/// <summary>A row of a table by the meaning of its cells; an empty text where the table has no such column.</summary>
internal sealed record CsvRow(string Where, string Id, string Image, string Label, string Split, string Reason, string Objects, IReadOnlyList<string> Tags);
