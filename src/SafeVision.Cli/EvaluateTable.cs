using SafeVision.Evaluation.Reports;

namespace SafeVision.Cli;

/// <summary>The numbers that a person looks at first, in the terminal; the report has all.</summary>
internal static class EvaluateTable
{
    private static readonly (string Metric, string Title)[] s_columns =
    [
        ("rocAuc", "ROC-AUC"), ("averagePrecision", "PR-AUC"), ("recall", "Recall"), ("precision", "Precision"), ("falsePositiveRate", "FPR"), ("notAssessed", "Unseen"),
    ];

    private const int NumberWidth = 12; // "Precision" with the blanks around it

    public static void Write(IAnsiConsole console, EvaluationReport report, string page)
    {
        Widen(console, report.Metrics.Select(metric => metric.Category), s_columns.Length + 2);
        var table = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn("Category").NoWrap()).AddColumn(new TableColumn("Images").RightAligned().NoWrap());
        foreach ((_, string title) in s_columns)
        {
            table.AddColumn(new TableColumn(title).RightAligned().NoWrap());
        }

        foreach (string? category in report.Metrics.Select(metric => metric.Category).Distinct())
        {
            MetricValue? positives = Find(report, "recall", category);
            if (positives is not null)
            {
                table.AddRow([
                    new Text(category is null ? "any" : Terminal.Name(category)), new Text(positives.Support.ToString(CultureInfo.InvariantCulture)),
                    .. s_columns.Select(column => new Text(Format(MetricUnit.Share, Find(report, column.Metric, category)?.Value))),
                ]);
            }
        }

        console.WriteLine($"{report.Identity.Dataset} under {Terminal.Name(report.Identity.Policy)} {Terminal.Name(report.Identity.PolicyVersion)}, {report.Identity.Samples} samples");
        console.Write(table);
        if (report.Decisions is { } decisions)
        {
            console.WriteLine($"Images: {decisions.Allowed} allowed, {decisions.Reviewed} sent to review, {decisions.Blocked} blocked, {decisions.Failed} could not be judged");
        }

        foreach (MetricValue metric in report.Metrics.Where(metric => metric.Category is null && IsWorthALine(metric)))
        {
            string detail = metric.Detail is null ? "" : $" ({metric.Detail})";
            console.WriteLine($"{metric.Title}{detail}: {Number(metric)}");
        }

        console.WriteLine($"Report: {Terminal.Name(page)}");
    }

    /// <summary>What changed between two runs, beyond chance first.</summary>
    public static void Write(IAnsiConsole console, RunComparison comparison, string page)
    {
        Widen(console, comparison.Metrics.Select(metric => metric.Category), columns: 8);
        Table table = new Table().Border(TableBorder.Simple).AddColumns([.. ((string[])["Metric", "Category", "First", "Second", "Difference"]).Select(title => new TableColumn(title).NoWrap())]);
        foreach (MetricDifference metric in comparison.Metrics.Where(metric => metric.Category is null || s_columns.Any(column => column.Metric == metric.Name)))
        {
            MetricUnit unit = metric.Unit;
            table.AddRow(
                new Text(metric.Title), new Text(metric.Category is null ? "any" : Terminal.Name(metric.Category)),
                new Text(Format(unit, metric.First)), new Text(Format(unit, metric.Second)),
                new Text($"{Format(unit, metric.Difference)} [{Format(unit, metric.Lower)}, {Format(unit, metric.Upper)}]"));
        }

        console.Write(table);
        console.WriteLine($"{comparison.Samples} samples, {comparison.Changes.Count} verdicts changed. Report: {Terminal.Name(page)}");
    }

    /// <summary>A name or a number that breaks over lines can't be read or searched for, so a table may be wider than a narrow terminal.</summary>
    private static void Widen(IAnsiConsole console, IEnumerable<string?> names, int columns) =>
        console.Profile.Width = Math.Max(console.Profile.Width, names.Select(name => name?.Length ?? 0).DefaultIfEmpty(0).Max() + (columns * NumberWidth));

    private static bool IsWorthALine(MetricValue metric) => metric.Name switch
    {
        "macroRocAuc" or "macroAveragePrecision" => true,
        "robustnessDrop" => metric.Detail!.EndsWith(" macroRocAuc", StringComparison.Ordinal),
        _ => metric.Group is not (MetricGroup.Verdicts or MetricGroup.Ranking or MetricGroup.Calibration),
    };

    private static MetricValue? Find(EvaluationReport report, string name, string? category) =>
        report.Metrics.FirstOrDefault(metric => metric.Name == name && metric.Category == category);

    private static string Number(MetricValue metric) => metric switch
    {
        { Value: null } => "-",
        { Lower: null } => Format(metric.Unit, metric.Value),
        _ => $"{Format(metric.Unit, metric.Value)} [{Format(metric.Unit, metric.Lower)}, {Format(metric.Unit, metric.Upper)}]",
    };

    private static string Format(MetricUnit unit, double? value) => value is not { } number
        ? "-"
        : number.ToString(unit is MetricUnit.Share or MetricUnit.Coefficient ? "0.000" : "0.0", CultureInfo.InvariantCulture);
}
