namespace SafeVision.Evaluation.Reports.Comparison;

/// <summary>Two runs over the same samples, side by side.</summary>
public sealed record RunComparison
{
    /// <summary>The name and version of the JSON file's form.</summary>
    [JsonInclude, JsonPropertyOrder(-3)]
    internal string Format { get; init; } = "safevision-comparison/1";

    /// <summary>The start of the hash of all that the first run's numbers rest on.</summary>
    [JsonInclude, JsonPropertyOrder(-2)]
    internal string FirstRun => ReportIdentity.Id(First);

    /// <summary>The same of the second.</summary>
    [JsonInclude, JsonPropertyOrder(-1)]
    internal string SecondRun => ReportIdentity.Id(Second);

    /// <summary>What the first run's numbers rest on.</summary>
    public required RunIdentity First { get; init; }

    /// <summary>What the second run's numbers rest on.</summary>
    public required RunIdentity Second { get; init; }

    /// <summary>How many samples both answered: all numbers are about these.</summary>
    public required int Samples { get; init; }

    /// <summary>The metrics that both runs have: of all categories together first, then of each.</summary>
    public required IReadOnlyList<MetricDifference> Metrics { get; init; }

    /// <summary>The verdicts that changed: those that became wrong first, then those that became right, in the samples' order.</summary>
    public required IReadOnlyList<VerdictChange> Changes { get; init; }

    /// <summary>What a reader must know to read the numbers rightly.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}

/// <summary>One metric of two runs over the same samples.</summary>
public sealed record MetricDifference
{
    /// <summary>The metric's name, such as <c>rocAuc</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The category it is about; null for all together.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Category { get; init; }

    /// <summary>What it was measured at; null where the name says all.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Detail { get; init; }

    /// <summary>The first run's number; null where it is undefined.</summary>
    public required double? First { get; init; }

    /// <summary>The second run's number; null where it is undefined.</summary>
    public required double? Second { get; init; }

    /// <summary>The second less the first; null where one is undefined.</summary>
    public double? Difference => Second - First;

    /// <summary>The lower end of the difference's paired bootstrap interval; null where there is none.</summary>
    public double? Lower { get; init; }

    /// <summary>The upper end; null where there is none.</summary>
    public double? Upper { get; init; }

    /// <summary>How many samples the number rests on: the fewer of the two runs.</summary>
    public required int Support { get; init; }

    /// <summary>What the number is.</summary>
    public required MetricUnit Unit { get; init; }

    /// <summary>Whether more is better; null where neither is.</summary>
    public bool? HigherIsBetter { get; init; }

    /// <summary>What a page calls the metric.</summary>
    [JsonIgnore]
    public string Title => MetricCatalog.Find(Name)?.Title ?? Name;

    /// <summary>What the difference shows: something only where its interval leaves out 0.</summary>
    public DifferenceVerdict Verdict => !(Lower > 0 || Upper < 0)
        ? DifferenceVerdict.Unclear
        : HigherIsBetter is not { } higher
            ? DifferenceVerdict.Different
            : higher == Lower > 0 ? DifferenceVerdict.Better : DifferenceVerdict.Worse;
}

/// <summary>What a difference shows.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<DifferenceVerdict>))]
public enum DifferenceVerdict
{
    /// <summary>The interval holds 0, or there is none: the samples don't tell the two apart.</summary>
    Unclear = 0,

    /// <summary>The second run is better.</summary>
    Better,

    /// <summary>The second run is worse.</summary>
    Worse,

    /// <summary>The two differ in a number of which neither more nor less is better.</summary>
    Different,
}

/// <summary>A sample for which two runs have different verdicts about a category.</summary>
public sealed record VerdictChange
{
    /// <summary>The sample's id.</summary>
    public required string Sample { get; init; }

    /// <summary>The category's id.</summary>
    public required string Category { get; init; }

    /// <summary>Whether the category applies.</summary>
    public required bool Applies { get; init; }

    /// <summary>The first run's verdict.</summary>
    public required Verdict First { get; init; }

    /// <summary>The second run's verdict.</summary>
    public required Verdict Second { get; init; }

    /// <summary>The first run's score; null where the category was not assessed.</summary>
    public required double? FirstScore { get; init; }

    /// <summary>The second run's score; null where the category was not assessed.</summary>
    public required double? SecondScore { get; init; }

    /// <summary>True where only the second is right, false where only the first is, null where both are wrong or right: what is not assessed is right about nothing.</summary>
    public bool? Mended => (IsRight(First), IsRight(Second)) switch
    {
        (false, true) => true,
        (true, false) => false,
        _ => null,
    };

    private bool IsRight(Verdict verdict) => verdict == (Applies ? Verdict.Unsafe : Verdict.Safe);
}
