namespace SafeVision.Evaluation.Symbols.Catalogue;

/// <summary>How the parts of a scene stand to each other.</summary>
internal enum SceneLayout
{
    /// <summary>Next to each other.</summary>
    Beside,

    /// <summary>The second lies on the first.</summary>
    Over,

    /// <summary>The second surrounds the first.</summary>
    Around,

    /// <summary>The second hangs over the first.</summary>
    Above,

    /// <summary>The second is close at the first's side, as if held to it.</summary>
    Aimed,
}
