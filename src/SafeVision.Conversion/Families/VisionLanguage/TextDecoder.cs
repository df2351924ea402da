using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>A language model: norm, attention, norm, gated feed-forward, layer by layer (Touvron et al., arXiv 2302.13971).</summary>
/// <param name="Shape">Its sizes.</param>
/// <param name="Embedding">[vocabulary, hidden].</param>
/// <param name="Layers">From the first to the last.</param>
/// <param name="Norm">Behind the last layer.</param>
/// <param name="Head">[vocabulary, hidden]; the embedding itself where the two are tied.</param>
internal sealed record TextDecoder(DecoderShape Shape, WeightMatrix Embedding, IReadOnlyList<DecoderLayer> Layers, NormWeights Norm, Projection Head);
