namespace SafeVision.VisionLanguage.Protocols;

/// <summary>How a guard writes its answer when it gives a verdict and then names categories: <c>[opening] safe | unsafe
/// [before category] name [separator name …] [after category] [reason]</c>.</summary>
internal sealed record VerdictForm
{
    /// <summary>What is said before the verdict.</summary>
    public string Opening { get; init; } = "";

    /// <summary>The verdict on a harmless image.</summary>
    public required string Safe { get; init; }

    /// <summary>What follows a safe verdict; null: the answer ends.</summary>
    public string? AfterSafe { get; init; }

    /// <summary>The verdict on a harmful image; null: the name of a category stands in its place.</summary>
    public string? Unsafe { get; init; }

    /// <summary>What stands between verdict and category; null: the guard names none.</summary>
    public string? BeforeCategory { get; init; } = "";

    /// <summary>What stands between several categories; null: it names one.</summary>
    public string? Separator { get; init; }

    /// <summary>What follows the last category; null: the answer ends.</summary>
    public string? AfterCategory { get; init; }
}

/// <summary>How a guard thinks before it gives its verdict.</summary>
internal sealed record ThoughtForm
{
    /// <summary>What the thought begins with; it is left out where the prompt ends with it. Empty: nothing.</summary>
    public string Opening { get; init; } = "";

    /// <summary>A first verdict that the model gives before it thinks, and what follows it; null: none. The verdict after the thought counts.</summary>
    public VerdictForm? First { get; init; }

    /// <summary>Where a thought ends: at its mark, which the model must write, within a limit on tokens.</summary>
    public required TextLimits Limits { get; init; }

    /// <summary>What closes the thought before its mark and is no part of the reason; null: nothing.</summary>
    public string? Closing { get; init; }

    /// <summary>The answer after the mark.</summary>
    public required VerdictForm Verdict { get; init; }
}

/// <summary>A verdict on a harmless image, and what may stand behind it.</summary>
/// <param name="Word">The verdict, in lower case.</param>
/// <param name="Rest">All that may follow it.</param>
/// <param name="IsFirstToken">Whether the guard was trained to decide with this word's token, whatever it says of it
/// then: where its probability is known, anything may follow but the other verdict.</param>
internal sealed record SafeVerdict(string Word, Regex Rest, bool IsFirstToken = false)
{
    public static Regex Nothing { get; } = new("""^[\s."'*]*$""", RegexOptions.CultureInvariant);
}
