namespace SafeVision.Evaluation.Adherence;

/// <summary>How a policy is changed, and what its verdicts must then do.</summary>
public enum AdherenceKind
{
    /// <summary>A thing is added to what a category includes: pictures of it must become unsafe.</summary>
    ClauseAdded,

    /// <summary>A category that nobody trained a model for is added: pictures of its things must become unsafe.</summary>
    NovelCategory,

    /// <summary>A thing is added to what a category excludes: pictures of it must become safe.</summary>
    ExcludeAdded,

    /// <summary>A category includes and excludes the same thing: the exclude wins, so pictures of it must be safe.</summary>
    Contradiction,

    /// <summary>The same is said in other words: no verdict may move.</summary>
    Paraphrased,

    /// <summary>Categories and phrases stand in another order: no verdict may move.</summary>
    Reordered,

    /// <summary>Categories have other ids and names: no verdict may move.</summary>
    Renamed,
}
