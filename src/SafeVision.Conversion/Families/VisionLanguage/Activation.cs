namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>The functions between a feed-forward part's two projections.</summary>
internal enum Activation
{
    /// <summary><c>x · Φ(x)</c>.</summary>
    Gelu,

    /// <summary>The same by its approximation with tanh.</summary>
    GeluTanh,

    /// <summary><c>x · σ(1.702 x)</c>.</summary>
    QuickGelu,

    /// <summary><c>x · σ(x)</c>.</summary>
    Silu,

    /// <summary><c>max(x, 0)</c>.</summary>
    Relu,
}
