namespace SafeVision.VisionLanguage;

/// <summary>The three graphs of a vision-language model.</summary>
internal enum VisionLanguagePart
{
    /// <summary>From pixels to image features.</summary>
    Vision,

    /// <summary>From token ids to embeddings.</summary>
    Embedding,

    /// <summary>From embeddings and the past to scores of the next token.</summary>
    Decoder,
}
