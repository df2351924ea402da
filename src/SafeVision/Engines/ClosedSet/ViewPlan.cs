namespace SafeVision.Engines.ClosedSet;

/// <summary>Which parts of an image a network with a square input looks at.</summary>
public enum ViewPlan
{
    /// <summary>What the model's preprocessing keeps, mostly the centre: fastest, blind at the sides of wide images.</summary>
    Centre = 0,

    /// <summary>
    /// The whole image, so that nothing is out of sight: where the model's own crop leaves out more than 30 %, squeezed into
    /// the square, and where that shows something of a category, the crop as well. Of an image more than two and a half times
    /// as long as wide, squares along the long side too; the part with the highest score decides.
    /// </summary>
    Whole = 1,
}
