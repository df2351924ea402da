using System.Globalization;
using SafeVision.Assessments;
using Spectre.Console;

namespace SafeVision.Cli.Output;

/// <summary>A table for people.</summary>
internal sealed class TableReport(IAnsiConsole console) : IReport
{
    private readonly Table table = new Table { Border = TableBorder.Rounded, Expand = false }
        .AddColumn("Image").AddColumn("Decision").AddColumn(new TableColumn("Score").RightAligned()).AddColumn("Category").AddColumn("Reason");

    public void Add(string path, GuardrailResult result, string? heatMap)
    {
        Finding? primary = result.Primary;
        table.AddRow(
            new Text(Path.GetFileName(path)),
            new Text(result.Decision.ToString().ToLowerInvariant(), new Style(Colour(result.Decision))),
            new Text(primary is null || double.IsNaN(primary.Score) ? "-" : primary.Score.ToString("0.00", CultureInfo.InvariantCulture)),
            new Text(primary?.Category ?? "-"),
            new Text((result.Failure is { } failure ? $"{failure.Reason}: {failure.Message}" : primary?.Reason ?? "") + (heatMap is null ? "" : $" [{heatMap}]")));
    }

    public void Complete(GuardrailStatus status)
    {
        console.Write(table);
        console.WriteLine($"Policy {status.Policy.Name} {status.Policy.Version} ({status.Policy.ContentHash[..12]}), {string.Join(", ", status.Models.Select(model => $"{model.Model} on {model.Provider}"))}.");
        foreach (CategoryCoverage coverage in status.Coverage)
        {
            if (coverage.Level == CoverageLevel.None)
            {
                console.WriteLine($"{coverage.CategoryId} is not assessed: no model here covers it.");
            }
            else if (coverage.Level == CoverageLevel.Partial)
            {
                console.WriteLine($"{coverage.CategoryId} is judged in part. Not recognised: {string.Join("; ", coverage.Uncovered)}.");
            }
        }
    }

    public void Dispose()
    {
    }

    private static Color Colour(Decision decision) => decision switch
    {
        Decision.Allow => Color.Green,
        Decision.Review => Color.Yellow,
        _ => Color.Red,
    };
}
