namespace SafeVision.VisionLanguage;

/// <summary>How a vision-language model is loaded and how much memory it may use.</summary>
internal sealed record VisionLanguageModelOptions
{
    /// <summary>Which files of the folder are taken.</summary>
    public VisionLanguageFileOptions Files { get; init; } = new();

    /// <summary>The most tiles of a picture; null: as many as the model was made for.</summary>
    public int? MaximumTiles { get; init; }

    /// <summary>The most tokens of a prompt and its answer; null: what the model was made for, at most 8192.</summary>
    public int? MaximumTokens { get; init; }

    /// <summary>How many prompts can be under way, or be remembered, at once.</summary>
    public int Sequences { get; init; } = 4;

    /// <summary>The most tokens of one run of the decoder.</summary>
    public int TokensPerRun { get; init; } = 512;

    /// <summary>The most new prompts of one run of the decoder.</summary>
    public int PromptsPerRun { get; init; } = 1;

    /// <summary>The most tiles of one run of the vision tower.</summary>
    public int TilesPerRun { get; init; } = 1;
}
