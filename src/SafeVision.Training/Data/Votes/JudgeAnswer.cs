namespace SafeVision.Training.Data.Votes;

/// <summary>What a judge says to a label.</summary>
public enum JudgeVote
{
    /// <summary>Nothing: it could not judge, or its answer was neither yes nor no. It counts for neither side.</summary>
    Abstain,

    /// <summary>The label is right.</summary>
    Yes,

    /// <summary>The label is wrong.</summary>
    No,
}

/// <summary>A judge's answer.</summary>
/// <param name="Vote">What it says.</param>
/// <param name="Prompt">What it was asked in words; null where it was asked otherwise.</param>
/// <param name="Words">What it answered, or why it abstains.</param>
public sealed record JudgeAnswer(JudgeVote Vote, string? Prompt, string? Words);
