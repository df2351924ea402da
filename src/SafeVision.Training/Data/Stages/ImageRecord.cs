namespace SafeVision.Training.Data.Stages;

/// <summary>What a stage knows of one image: one line of its <c>records.jsonl</c>. Each stage repeats what the one before knew.</summary>
internal sealed record ImageRecord
{
    /// <summary>The image's name, the same in every stage.</summary>
    public required string Key { get; init; }

    public required StageOutcome Outcome { get; init; }

    /// <summary>Why it was dropped or failed.</summary>
    public string? Why { get; init; }

    /// <summary>The file inside the project's folder; null where none was kept.</summary>
    public string? Image { get; init; }

    /// <summary>SHA-256 of the file.</summary>
    public string? Hash { get; init; }

    /// <summary>The perceptual hash; null where there is too little to see.</summary>
    public string? Looks { get; init; }

    /// <summary>The ids of the categories that it is said to fall under; none: it is said to be harmless. Null: nobody said.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>All that it shows, where that is known exactly; null: unknown.</summary>
    public IReadOnlyList<SampleObject>? Objects { get; init; }

    /// <summary>A reference reason for each category that has one.</summary>
    public IReadOnlyDictionary<string, string>? Reasons { get; init; }

    /// <summary>What the source calls it.</summary>
    public string? Caption { get; init; }

    /// <summary>The key of its edited twin.</summary>
    public string? Pair { get; init; }

    /// <summary>The split that the source demands.</summary>
    public TrainingSplit? Pinned { get; init; }

    public SampleProvenance Provenance { get; init; } = new();

    /// <summary>What the filter saw.</summary>
    public FilterScore? Filter { get; init; }

    /// <summary>What the judges said.</summary>
    public IReadOnlyList<CastVote>? Votes { get; init; }

    /// <summary>The questions and answers.</summary>
    public IReadOnlyList<TrainingSample>? Samples { get; init; }

    /// <summary>What could not be asked or answered, and why.</summary>
    public IReadOnlyList<string>? Skipped { get; init; }

    public TrainingSplit? Split { get; init; }

    /// <summary>The least key of the images that must stay in one split with it.</summary>
    public string? Group { get; init; }

    /// <summary>This record with what is said of a copy of the image: a category that either falls under, and the split further from training.</summary>
    public ImageRecord WithCopy(ImageRecord copy) => this with
    {
        Labels = Labels is null || copy.Labels is null ? Labels ?? copy.Labels : [.. Labels.Union(copy.Labels)],
        Pinned = Pinned > copy.Pinned ? Pinned : copy.Pinned ?? Pinned,
    };

    /// <summary>Whether a record of a copy says something that another does not.</summary>
    public bool SaysMoreThan(ImageRecord other) => (Labels is not null && (other.Labels is null || Labels.Except(other.Labels).Any())) || (Pinned is { } mine && !(other.Pinned >= mine));

    public ImageRecord Drop(string why) => this with { Outcome = StageOutcome.Dropped, Why = why };

    public ImageRecord Fail(string why) => this with { Outcome = StageOutcome.Failed, Why = why };
}

/// <summary>What became of an image in a stage.</summary>
internal enum StageOutcome
{
    /// <summary>The next stage gets it.</summary>
    Kept,

    /// <summary>It was looked at, and left out.</summary>
    Dropped,

    /// <summary>It could not be looked at; another run may try again.</summary>
    Failed,
}

/// <summary>The likeliest class of the filter, and how likely it is.</summary>
internal sealed record FilterScore(string Label, double Share);

/// <summary>What a judge said to one label of an image; no category: to its being harmless.</summary>
internal sealed record CastVote(string Judge, Votes.JudgeVote Vote, string? Category = null, string? Prompt = null, string? Words = null);

/// <summary>What a stage was begun with: its <c>stage.json</c>.</summary>
internal sealed record StageState
{
    public required string Stage { get; init; }

    /// <summary>The stage whose records it takes; null: it takes images from outside.</summary>
    public string? From { get; init; }

    /// <summary>All that its records depend on beside those it takes.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();
}
