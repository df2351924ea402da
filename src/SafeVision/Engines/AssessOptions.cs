namespace SafeVision.Engines;

/// <summary>What a caller asks of one assessment, from the guardrail through every decorator down to the engine.</summary>
public sealed record AssessOptions
{
    /// <summary>The defaults: reasons are written, nobody listens to them, no deadline of its own, interactive.</summary>
    public static AssessOptions Default { get; } = new();

    /// <summary>
    /// Whether reasons in a language model's own words are wanted where the engine is set to write them; without them an
    /// answer costs less. Default: true.
    /// </summary>
    public bool Reasons { get; init; } = true;

    /// <summary>
    /// Receives a reason piece by piece while it is being written, on any thread; must be quick and must not throw. Pieces are
    /// a preview: the assessment alone counts. Null (the default): nobody listens.
    /// </summary>
    public Action<string>? OnReason { get; init; }

    /// <summary>
    /// When the answer must be there, by the guardrail's clock; the cancellation token fires then. A guardrail sets it to the
    /// end of its own time-out where the caller's is later or null.
    /// </summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Who goes first where images wait. Default: <see cref="AssessPriority.Interactive"/>.</summary>
    public AssessPriority Priority { get; init; }
}

/// <summary>Who goes first where images wait.</summary>
public enum AssessPriority
{
    /// <summary>Somebody waits for the answer.</summary>
    Interactive = 0,

    /// <summary>One of many, such as an archive: judged when nothing interactive waits.</summary>
    Background = 1,
}
