namespace SafeVision.Evaluation.Symbols.Scenes;

/// <summary>What is behind the symbols.</summary>
internal enum Backdrop
{
    /// <summary>One colour.</summary>
    Plain,

    /// <summary>From one colour to another, in any direction.</summary>
    Gradient,

    /// <summary>Two colours, mixed by smooth noise.</summary>
    Noise,

    /// <summary>Squares of two colours.</summary>
    Checker,

    /// <summary>Discs of one colour on the other.</summary>
    Shapes,
}
