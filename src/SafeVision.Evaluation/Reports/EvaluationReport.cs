namespace SafeVision.Evaluation.Reports;

/// <summary>All that a report shows. The page, the JSON and the Markdown file are three ways to write it.</summary>
public sealed record EvaluationReport
{
    /// <summary>The name and version of the JSON file's form.</summary>
    [JsonInclude, JsonPropertyOrder(-2)]
    internal string Format { get; init; } = "safevision-evaluation/1";

    /// <summary>The start of the hash of all that the numbers rest on.</summary>
    [JsonInclude, JsonPropertyOrder(-1)]
    internal string Run => ReportIdentity.Id(Identity);

    /// <summary>What the numbers rest on.</summary>
    public required RunIdentity Identity { get; init; }

    /// <summary>The numbers: of all categories together first, then of each in the policy's order.</summary>
    public required IReadOnlyList<MetricValue> Metrics { get; init; }

    /// <summary>What became of the images; null where none was judged.</summary>
    public DecisionCounts? Decisions { get; init; }

    /// <summary>The curves.</summary>
    public IReadOnlyList<ReportCurve> Curves { get; init; } = [];

    /// <summary>The confusion matrix of the first true category against the first found one; null where samples carry several labels.</summary>
    public ConfusionTable? Confusion { get; init; }

    /// <summary>The worst mistakes, worst first.</summary>
    public IReadOnlyList<ReportMistake> Mistakes { get; init; } = [];

    /// <summary>What a reader must know to read the numbers rightly: categories without a sample, images that failed, parts not assessed.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>How many images ended in which way; each counts once, so the four are all images together.</summary>
/// <param name="Allowed">Judged and let through.</param>
/// <param name="Reviewed">Judged and sent to a person.</param>
/// <param name="Blocked">Judged and blocked.</param>
/// <param name="Failed">Not judged at all; the policy's <c>onFailure</c> decided about them.</param>
public sealed record DecisionCounts(int Allowed, int Reviewed, int Blocked, int Failed)
{
    internal static DecisionCounts Of(IReadOnlyList<GuardrailResult> results)
    {
        int Judged(Decision decision) => results.Count(result => result.Failure is null && result.Decision == decision);
        return new(Judged(Decision.Allow), Judged(Decision.Review), Judged(Decision.Block), results.Count(result => result.Failure is not null));
    }
}

/// <summary>How often each class was taken for each.</summary>
/// <param name="Classes">The classes; the first is "safe".</param>
/// <param name="Counts">Row by row: the true class, then the class found.</param>
public sealed record ConfusionTable(IReadOnlyList<string> Classes, IReadOnlyList<IReadOnlyList<int>> Counts);

/// <summary>A sample that the guardrail got wrong, with what a reader needs to see why.</summary>
public sealed record ReportMistake
{
    /// <summary>The sample's id.</summary>
    public required string Sample { get; init; }

    /// <summary>The category that was missed or wrongly seen.</summary>
    public required string Category { get; init; }

    /// <summary>True where the category applies and was missed; false where it was seen and does not apply.</summary>
    public required bool Missed { get; init; }

    /// <summary>How far the score is on the wrong side of the threshold, 0 to 1; 1 where the category was not assessed.</summary>
    public required double Severity { get; init; }

    /// <summary>The labels that are true.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>The guardrail's finding for the category.</summary>
    public required Finding Finding { get; init; }
}

/// <summary>A line to be drawn.</summary>
/// <param name="Kind">What its axes are.</param>
/// <param name="Name">What the legend calls it: a category's id, or "all".</param>
/// <param name="Points">Its points in drawing order.</param>
public sealed record ReportCurve(CurveKind Kind, string Name, IReadOnlyList<CurvePoint> Points)
{
    /// <summary>The same line with points left out that lie closer than one part of an axis to the one before, or are no numbers. A
    /// line that never rests keeps every so many points, at most four times as many as parts, and its last.</summary>
    /// <param name="parts">Into how many parts an axis is divided, at least 1.</param>
    public ReportCurve Thin(int parts)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(parts);
        CurvePoint[] points = [.. Points.Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y))];
        double width = points.Select(point => point.X).DefaultIfEmpty(1).Max();
        double least = 1.0 / parts, leastX = least * width;
        List<CurvePoint> kept = [];
        for (int i = 0; i < points.Length; i++)
        {
            bool near = kept.Count > 0 && Math.Abs(points[i].X - kept[^1].X) < leastX && Math.Abs(points[i].Y - kept[^1].Y) < least;
            if (!near || i == points.Length - 1)
            {
                kept.Add(points[i]);
            }
        }

        int most = 4 * parts;
        if (kept.Count > most)
        {
            kept = [.. Enumerable.Range(0, most - 1).Select(i => kept[(int)((long)i * kept.Count / (most - 1))]), kept[^1]];
        }

        return this with { Points = kept };
    }
}

/// <summary>What a curve's axes are.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<CurveKind>))]
public enum CurveKind
{
    /// <summary>False positive rate, recall.</summary>
    Roc,

    /// <summary>Recall, precision.</summary>
    PrecisionRecall,

    /// <summary>Mean score of a bin, share of positives in it.</summary>
    Reliability,
}

/// <summary>A point of a curve.</summary>
public readonly record struct CurvePoint(double X, double Y);
