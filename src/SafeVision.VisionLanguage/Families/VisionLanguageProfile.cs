namespace SafeVision.VisionLanguage.Families;

/// <summary>How a vision-language model is fed.</summary>
internal sealed record VisionLanguageProfile
{
    /// <summary>The family's name.</summary>
    public required string Family { get; init; }

    /// <summary>How a picture becomes the vision tower's input.</summary>
    public required IImagePreparation Images { get; init; }

    /// <summary>What stands in a rendered conversation where a picture belongs, such as <c>&lt;IMG_CONTEXT&gt;</c>; <see cref="ImagePlan.Text"/> replaces it.</summary>
    public required string ImageMark { get; init; }

    /// <summary>The id of the token whose embedding is replaced by an image feature.</summary>
    public required int ImageToken { get; init; }

    /// <summary>How a conversation is written down for the model.</summary>
    public required ConversationTemplate Conversation { get; init; }

    /// <summary>Which position each token has.</summary>
    public IPositionScheme Positions { get; init; } = SequentialPositions.FromZero;

    /// <summary>The ids that end an answer; at least one.</summary>
    public required IReadOnlyList<int> StopTokens { get; init; }

    /// <summary>The most tokens that the model was made for, prompt and answer together.</summary>
    public required int ContextLength { get; init; }
}
