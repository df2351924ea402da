namespace SafeVision.Evaluation.Cases;

/// <summary>A picture and what a team expects of its policy about it. Everything that is set must hold.</summary>
public sealed record PolicyCase
{
    /// <summary>What the case is called.</summary>
    public required string Name { get; init; }

    /// <summary>The picture's full path.</summary>
    public required string Image { get; init; }

    /// <summary>Why the team wants it; empty where nothing was given.</summary>
    public string Because { get; init; } = "";

    /// <summary>How the policy is changed first.</summary>
    public PolicyEdit Given { get; init; } = PolicyEdit.None;

    /// <summary>The decisions that are right; empty: any.</summary>
    public IReadOnlyList<Decision> Decisions { get; init; } = [];

    /// <summary>The verdict that is right, by category.</summary>
    public IReadOnlyDictionary<string, Verdict> Verdicts { get; init; } = new Dictionary<string, Verdict>();

    /// <summary>Where scores are to lie, by category.</summary>
    public IReadOnlyDictionary<string, ScoreBounds> Scores { get; init; } = new Dictionary<string, ScoreBounds>();

    /// <summary>Words that the explanation must hold, in any case of letters.</summary>
    public IReadOnlyList<string> Mentions { get; init; } = [];

    /// <summary>Words that the explanation must not hold.</summary>
    public IReadOnlyList<string> Avoids { get; init; } = [];

    /// <summary><see cref="Name"/>, by which test runners list the case.</summary>
    public override string ToString() => Name;
}
