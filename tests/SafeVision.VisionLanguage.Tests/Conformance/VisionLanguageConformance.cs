using SafeVision.Tests.Engines.Conformance;
using SafeVision.VisionLanguage.Tests.Generation;

namespace SafeVision.VisionLanguage.Tests.Conformance;

/// <summary>The vision-language engine on a tiny model with random weights.</summary>
public abstract class VisionLanguageConformance(string model, VisionLanguageMode mode, int? cells = null, string? protocol = null) : LoadedEngineConformance
{
    protected override ImageGuardrailBuilder Use(ImageGuardrailBuilder builder) =>
        builder.UseVisionLanguageModel(GoldenText.Folder(model), options => (options.Mode, options.OcclusionCells, options.Protocol) = (mode, cells, protocol));
}

public sealed class LlamaFastConformance() : VisionLanguageConformance("llama", VisionLanguageMode.Fast);

public sealed class LlamaComprehensionConformance() : VisionLanguageConformance("llama", VisionLanguageMode.Comprehension);

public sealed class Qwen2FastConformance() : VisionLanguageConformance("qwen2", VisionLanguageMode.Fast);

public sealed class Qwen2ComprehensionConformance() : VisionLanguageConformance("qwen2", VisionLanguageMode.Comprehension);

public sealed class PolicyShiftGuardConformance() : VisionLanguageConformance("llama", VisionLanguageMode.Comprehension, protocol: "policyshiftguard");

public sealed class ShieldstralConformance() : VisionLanguageConformance("qwen2", VisionLanguageMode.Fast, protocol: "shieldstral");

public sealed class HeatMapConformance() : VisionLanguageConformance("qwen2", VisionLanguageMode.Fast, cells: 2);
