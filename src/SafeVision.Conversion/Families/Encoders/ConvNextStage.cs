using SafeVision.Conversion.Families.VisionLanguage;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>A stage: perhaps fewer places of more channels, then blocks.</summary>
internal sealed record ConvNextStage(NormWeights? Norm, ConvNextStep? Downsample, IReadOnlyList<ConvNextBlock> Blocks);
