namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>How a decoder's attention stands in its graph.</summary>
internal enum AttentionStyle
{
    /// <summary>
    /// ONNX Runtime's GroupQueryAttention: rotation inside, and a cache that may be one buffer for past and present. Rows of
    /// a batch are padded on the right, and there is no input for positions.
    /// </summary>
    Grouped,

    /// <summary>Standard operators: any padding that the mask tells, positions as an input, a cache that grows by copies.</summary>
    Standard,
}
