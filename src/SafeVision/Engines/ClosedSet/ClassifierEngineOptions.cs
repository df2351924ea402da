namespace SafeVision.Engines.ClosedSet;

/// <summary>What the classifier engine looks at.</summary>
public sealed class ClassifierEngineOptions
{
    /// <summary>Whether drawings, emoji and signs are judged by the head for drawings as well, where the engine has
    /// one. Default: true. False leaves the network's own labels alone, whatever the image.</summary>
    public bool JudgesDrawings { get; set; } = true;

    /// <summary>Which parts of an image are shown to the network. Default: <see cref="ViewPlan.Whole"/>.</summary>
    public ViewPlan Views { get; set; } = ViewPlan.Whole;

    internal ClassifierEngineOptions Validate() => Enum.IsDefined(Views)
        ? (ClassifierEngineOptions)MemberwiseClone()
        : throw new ArgumentException($"Views must be one of {string.Join(", ", Enum.GetNames<ViewPlan>())}, but is {Views}.");
}
