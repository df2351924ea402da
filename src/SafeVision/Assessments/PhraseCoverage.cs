using System.Text.Json.Serialization;

namespace SafeVision.Assessments;

/// <summary>What an engine can judge of one phrase of a policy.</summary>
/// <param name="Phrase">The phrase as the policy has it, or the category's name where the model was trained on the whole category.</param>
/// <param name="Level">How much of it is judged. Of an exclude: how much of it can be told apart.</param>
public sealed record PhraseCoverage(string Phrase, CoverageLevel Level)
{
    /// <summary>Whether the phrase belongs to the category or is allowed after all.</summary>
    public PhraseRole Role { get; init; }

    /// <summary>What carries it: labels as <c>set:index first-name</c>, by set and index, or a model's answer.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>How its labels were found.</summary>
    public LabelLink By { get; init; }

    /// <summary>What of it is not judged, or of an exclude: what can't be told apart and is judged with the rest; null: nothing.</summary>
    public string? NotJudged { get; init; }

    /// <summary>The nearest known things, where the phrase is not or hardly judged; null: none.</summary>
    public string? Suggestion { get; init; }
}

/// <summary>What a phrase is for in its category.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<PhraseRole>))]
public enum PhraseRole
{
    /// <summary>It belongs to the category.</summary>
    Include = 0,

    /// <summary>It is allowed after all.</summary>
    Exclude = 1,
}

/// <summary>How the labels of a phrase were found.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<LabelLink>))]
public enum LabelLink
{
    /// <summary>They are the thing named, or kinds of it.</summary>
    Kind = 0,

    /// <summary>They only go with it: a beer bottle holds beer.</summary>
    Relation = 1,

    /// <summary>A person chose them for this phrase.</summary>
    Hand = 2,
}
