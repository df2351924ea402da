namespace SafeVision.VisionLanguage;

/// <summary>How much a vision-language engine answers.</summary>
public enum VisionLanguageMode
{
    /// <summary>The category alone: one prefill, a probability for every category, no words.</summary>
    Fast = 0,

    /// <summary>The category, and for a harmful image the reason in the model's own words.</summary>
    Comprehension = 1,
}
