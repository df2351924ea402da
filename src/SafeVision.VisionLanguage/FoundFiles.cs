namespace SafeVision.VisionLanguage;

/// <summary>The three files that a layout points at, before they are read.</summary>
/// <param name="Layout">Which layout.</param>
/// <param name="Paths">The file of each graph.</param>
/// <param name="Suffixes">The precision of each graph as a suffix; empty for 32-bit floats and where the layout has no suffixes.</param>
/// <param name="Naming">By which names the graphs know their tensors.</param>
internal sealed record FoundFiles(
    VisionLanguageLayout Layout,
    IReadOnlyDictionary<VisionLanguagePart, string> Paths,
    IReadOnlyDictionary<VisionLanguagePart, string> Suffixes,
    TensorNaming Naming);
