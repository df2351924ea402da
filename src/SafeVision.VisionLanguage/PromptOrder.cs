namespace SafeVision.VisionLanguage;

/// <summary>What stands first in a prompt.</summary>
internal enum PromptOrder
{
    /// <summary>The picture, then the words; models are mostly trained so.</summary>
    ImageFirst,

    /// <summary>The words, then the picture; what was computed for a policy then serves every picture.</summary>
    PolicyFirst,
}
