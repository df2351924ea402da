namespace SafeVision.Engines.ClosedSet;

/// <summary>Which parts of a picture a network with a square input looks at.</summary>
public enum ViewPlan
{
    /// <summary>What the model's preprocessing keeps, mostly the centre: fastest, blind at the sides of wide pictures.</summary>
    Centre = 0,

    /// <summary>
    /// The centre, and, where that leaves out more than a fifth of the picture, squares along the long side as well, so that
    /// nothing is out of sight. The view with the highest score decides.
    /// </summary>
    Whole = 1,
}
