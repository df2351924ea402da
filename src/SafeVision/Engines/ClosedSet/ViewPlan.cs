namespace SafeVision.Engines.ClosedSet;

/// <summary>Which parts of an image a network with a square input looks at.</summary>
public enum ViewPlan
{
    /// <summary>What the model's preprocessing keeps, mostly the centre: fastest, blind at the sides of wide images.</summary>
    Centre = 0,

    /// <summary>The whole image, so that nothing is out of sight: where the model's own crop leaves out more than 30 %,
    /// squeezed into the square, and where that shows something of a category, the crop as well. Of an image more than
    /// two and a half times as long as wide, squares along the long side too; the part with the highest score
    /// decides.</summary>
    Whole = 1,

    /// <summary>As <see cref="Whole"/>, and where the whole shows a little of something of a category (a mass from 0.02
    /// to 0.45), its quarters too, in which something small may be clear; four more runs for such an image. Finds more
    /// small things, and flags more images wrongly (docs/benchmarks.md): for policies whose misses cost more than their
    /// false alarms.</summary>
    Quarters = 2,
}
