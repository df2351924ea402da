namespace SafeVision.Policies;

/// <summary>How serious a finding is, in the words that moderators use. It informs; decisions come from the thresholds.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<Severity>))]
public enum Severity
{
    /// <summary>The score reaches none of the levels that the category states.</summary>
    None = 0,

    /// <summary>The score reaches <see cref="SeverityLevels.Low"/>.</summary>
    Low = 1,

    /// <summary>The score reaches <see cref="SeverityLevels.Medium"/>.</summary>
    Medium = 2,

    /// <summary>The score reaches <see cref="SeverityLevels.High"/>.</summary>
    High = 3,
}

/// <summary>From which score on a finding of a category is of low, medium or high severity; any of them may be left out, not all.</summary>
/// <param name="Low">Above 0 and at most 1; null: there is no such level.</param>
/// <param name="Medium">As above, and not below <paramref name="Low"/>.</param>
/// <param name="High">As above, and not below the others.</param>
public sealed record SeverityLevels(double? Low, double? Medium, double? High)
{
    /// <summary>The highest level that a score reaches.</summary>
    /// <param name="score">0 to 1.</param>
    public Severity Of(double score) =>
        score >= High ? Severity.High
        : score >= Medium ? Severity.Medium
        : score >= Low ? Severity.Low
        : Severity.None;
}

/// <summary>Severity levels as someone wrote them.</summary>
internal readonly record struct SeverityDraft(Place Place, Placed<double>? Low, Placed<double>? Medium, Placed<double>? High)
{
    public static readonly string[] Keys = ["low", "medium", "high"];

    public static SeverityDraft From(SeverityLevels levels) => new(default, Placed(levels.Low), Placed(levels.Medium), Placed(levels.High));

    /// <summary>The levels, or null after at least one error was added.</summary>
    public SeverityLevels? Resolve(string subject, PolicyErrors errors)
    {
        if (Low is null && Medium is null && High is null)
        {
            errors.Add(Place, $"{subject}: 'severity' is empty; it needs 'low', 'medium' or 'high', such as 'severity: {{ medium: 0.5, high: 0.8 }}'");
            return null;
        }

        var levels = new SeverityLevels(
            Threshold.Check($"{subject}: low", Low, errors), Threshold.Check($"{subject}: medium", Medium, errors), Threshold.Check($"{subject}: high", High, errors));
        if ((Low is null) != (levels.Low is null) || (Medium is null) != (levels.Medium is null) || (High is null) != (levels.High is null))
        {
            return null;
        }

        if (levels.Low > levels.Medium || levels.Medium > levels.High || levels.Low > levels.High)
        {
            errors.Add(Place, $"{subject}: the levels of 'severity' must rise from low to medium to high");
            return null;
        }

        return levels;
    }

    private static Placed<double>? Placed(double? level) => level is { } value ? new(value, default) : null;
}
