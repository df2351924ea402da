using SafeVision.Inference;

namespace SafeVision.VisionLanguage;

/// <summary>Which files to take where a folder has a graph in several precisions.</summary>
internal sealed record VisionLanguageFileOptions
{
    /// <summary>
    /// fp32, fp16, q4, q4f16, int8, uint8, q8, quantized or bnb4. The decoder must have it; the other graphs take it where
    /// they have it. Null (the default): what suits <see cref="Provider"/>.
    /// </summary>
    public string? Precision { get; init; }

    /// <summary>Precisions of single graphs, which these must have. Default: none.</summary>
    public IReadOnlyDictionary<VisionLanguagePart, string> PartPrecisions { get; init; } = new Dictionary<VisionLanguagePart, string>();

    /// <summary>Where the graphs are to run. Default: the processor.</summary>
    public ExecutionProvider Provider { get; init; } = ExecutionProvider.Cpu;

    /// <summary>Options for the first of the wanted providers that this machine has.</summary>
    /// <exception cref="ExecutionProviderException">The native ONNX Runtime is missing.</exception>
    public static VisionLanguageFileOptions For(ExecutionOptions execution, string? precision = null) =>
        new() { Precision = precision, Provider = ProviderCatalog.FirstUsable(execution) };
}
