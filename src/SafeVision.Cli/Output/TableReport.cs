using Spectre.Console.Rendering;

namespace SafeVision.Cli.Output;

/// <summary>A table for people, printed row by row as the results come, so that its columns are set beforehand. Names of files are
/// never broken: a long one has a line to itself, and on a narrow terminal so has the reason.</summary>
internal sealed class TableReport : IReport
{
    private const int DecisionWidth = 8;
    private const int ScoreWidth = 5;
    private const int Gap = 2;
    private const int NarrowestReason = 30; // a category's id and a few words

    private readonly IAnsiConsole _console;
    private readonly Func<string, string> _nameOf;
    private readonly GuardrailStatus _status;
    private readonly HashSet<string> _uncovered;
    private readonly int _imageWidth;
    private readonly int _reasonWidth;
    private readonly int[] _counts = new int[3];
    private TokenUsage? _tokens;

    /// <param name="paths">All images that will come: names stand alone where they tell the images apart.</param>
    public TableReport(IAnsiConsole console, IReadOnlyCollection<string> paths, GuardrailStatus status)
    {
        (_console, _status) = (console, status);
        _uncovered = [.. status.Coverage.Where(coverage => coverage.Level == CoverageLevel.None).Select(coverage => coverage.CategoryId)];
        bool namesTell = paths.DistinctBy(Path.GetFileName).Count() == paths.Count;
        _nameOf = path => Terminal.Name(namesTell ? Path.GetFileName(path) : path);
        _imageWidth = Math.Clamp(paths.Max(path => _nameOf(path).GetCellWidth()), "Image".Length, console.Profile.Width * 3 / 10);
        _reasonWidth = console.Profile.Width - _imageWidth - DecisionWidth - ScoreWidth - (3 * Gap);
        Print("Image", new Text("Decision", Bold), new Text("Score", Bold), new Text("Category and reason", Bold), Bold);
    }

    private static Style Bold { get; } = new(decoration: Decoration.Bold);

    public void Add(string path, GuardrailResult result, string? heatMap)
    {
        _counts[(int)result.Decision]++;
        _tokens = TokenUsage.Sum(_tokens, result.Provenance.Tokens);
        Finding? primary = result.Primary;
        var reason = new Paragraph();
        if (result.Failure is { } failure)
        {
            reason.Append($"{JsonNamingPolicy.CamelCase.ConvertName(failure.Reason.ToString())}: ", Bold).Append(Terminal.Name(failure.Message));
        }
        else if (primary is not null)
        {
            string why = _uncovered.Contains(primary.Category) ? "Not assessed." : Terminal.Name(primary.Reason);
            reason.Append($"{primary.Category}: ", Bold).Append(why).Append(Shares(primary.Evidence)).Append(Others(result, primary));
        }

        if (heatMap is not null)
        {
            reason.Append($" Heat map: {Terminal.Name(heatMap)}");
        }

        Print(
            _nameOf(path),
            new Text(Word(result.Decision), new Style(Colour(result.Decision))),
            new Text(Score(primary)),
            reason);
    }

    public void Complete()
    {
        GuardrailStatus status = _status;
        int total = _counts.Sum();
        _console.WriteLine();
        _console.WriteLine($"{total} {(total == 1 ? "image" : "images")}: {string.Join(", ", new[] { Decision.Allow, Decision.Review, Decision.Block }.Select(decision => $"{_counts[(int)decision]} {Word(decision)}"))}.");
        _console.WriteLine($"Policy {status.Policy.Name} {status.Policy.Version} ({status.Policy.ContentHash[..12]}), judged by {string.Join(" and ", status.Models.Select(model => $"{model.Model} on {model.Provider}"))}.");
        if (_tokens is { } tokens)
        {
            _console.WriteLine(FormattableString.Invariant($"The prompts had {tokens.Prompt} tokens, {tokens.Reused} of them ({100 * tokens.HitRate:0} %) computed before; the answers {tokens.Written}."));
        }

        foreach (ModelProvenance model in status.Models.Where(model => model.Fallback is not null))
        {
            _console.WriteLine($"{model.Model} fell back to {model.Provider}: {model.Fallback}");
        }

        if (_uncovered.Count > 0)
        {
            _console.WriteLine($"Not assessed, because no model here covers {(_uncovered.Count == 1 ? "it" : "them")}: {string.Join(", ", _uncovered)}.");
        }

        foreach (CategoryCoverage coverage in status.Coverage.Where(coverage => coverage.Level == CoverageLevel.Partial))
        {
            _console.WriteLine($"{coverage.CategoryId} is judged in part. Not recognised: {string.Join("; ", coverage.Uncovered)}.");
        }
    }

    /// <summary>The findings beside the first that alone would not allow the image either, but for what is said once for all images.</summary>
    private string Others(GuardrailResult result, Finding primary)
    {
        string[] others = [.. result.Findings
            .Where(finding => finding != primary && finding.Decision != Decision.Allow && !_uncovered.Contains(finding.Category))
            .Select(finding => finding.Verdict == Verdict.NotAssessed ? $"{finding.Category} not assessed" : $"{finding.Category} {Score(finding)}")];
        return others.Length == 0 ? "" : $" Also: {string.Join(", ", others)}.";
    }

    /// <summary>What a model that answers in words gave the category, and how far that is above its next answer.</summary>
    private static string Shares(Evidence evidence) => evidence is { Probability: { } probability, Margin: { } margin }
        ? FormattableString.Invariant($" Probability {probability:0.000}, margin {margin:+0.000;-0.000;0.000}.")
        : "";

    private static string Score(Finding? finding) =>
        finding?.Score?.ToString("0.00", CultureInfo.InvariantCulture) ?? "-";

    public static string Word(Decision decision) => decision.ToString().ToLowerInvariant();

    private static Color Colour(Decision decision) => decision switch
    {
        Decision.Allow => Color.Green,
        Decision.Review => Color.Yellow,
        _ => Color.Red,
    };

    private void Print(string image, Text decision, Text score, IRenderable reason, Style? style = null)
    {
        bool isStacked = _reasonWidth < NarrowestReason;
        if (image.GetCellWidth() > _imageWidth)
        {
            _console.Profile.Out.Writer.WriteLine(image); // past the console, which would break it
            image = "";
        }

        var grid = new Grid { Expand = false };
        grid.AddColumn(Column(_imageWidth)).AddColumn(Column(DecisionWidth)).AddColumn(Column(ScoreWidth).RightAligned());
        if (!isStacked)
        {
            grid.AddColumn(new GridColumn { Width = _reasonWidth, Padding = new Padding(0) });
        }

        _console.Write(grid.AddRow([new Text(image, style), decision, score, .. isStacked ? [] : new[] { reason }]));
        if (isStacked)
        {
            _console.Write(new Padder(reason, new Padding(Gap, 0, 0, 0)));
        }
    }

    private static GridColumn Column(int width) => new() { Width = width, Padding = new Padding(0, 0, Gap, 0) };
}
