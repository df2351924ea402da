using Microsoft.ML.OnnxRuntime.Tensors;
using SafeVision.Inference;

namespace SafeVision.VisionLanguage.Generation;

/// <summary>What a decoder's graph takes and gives, read from the session itself; files only name the tensors.</summary>
/// <param name="Session">The loaded graph.</param>
/// <param name="Names">Its tensors by its own names.</param>
/// <param name="SharesCache">Whether it appends to a key/value buffer in place (GroupQueryAttention) instead of returning a longer one.</param>
internal sealed record DecoderGraph(ModelSession Session, DecoderNames Names, bool SharesCache)
{
    /// <summary>The shape of <see cref="DecoderNames.KeepLogits"/>: [], or [1] in some exports.</summary>
    public long[] KeepLogitsShape => Names.KeepLogits is { } keep && Session.Session.InputMetadata[keep].Dimensions.Length == 1 ? [1] : [];

    /// <summary>Attention heads of keys and values.</summary>
    public int Heads => Dimension(Names.Past[0], 1);

    /// <summary>Numbers of a head's key or value.</summary>
    public int HeadSize => Dimension(Names.Past[0], 3);

    /// <summary>Numbers of a token's embedding.</summary>
    public int Width => Dimension(Names.Embeddings, 2);

    /// <summary>Tokens in the vocabulary, padding included.</summary>
    public int Vocabulary => Session.Session.OutputMetadata[Names.Logits].Dimensions is [.., > 0 and int size]
        ? size
        : throw new ModelLoadException($"{Session.ModelName}: the last dimension of '{Names.Logits}' must be fixed.");

    public TensorElementType EmbeddingType => Session.Session.InputMetadata[Names.Embeddings].ElementDataType;

    public TensorElementType CacheType => Session.Session.InputMetadata[Names.Past[0]].ElementDataType;

    public TensorElementType LogitsType => Session.Session.OutputMetadata[Names.Logits].ElementDataType;

    /// <summary>Bytes of keys and values that one token takes in all layers.</summary>
    public long BytesPerToken => (long)Names.Past.Count * Heads * HeadSize * TensorElements.SizeOf(CacheType);

    /// <summary>Whether the three rows of multimodal positions are the last dimension instead of the first.</summary>
    public bool PositionsLast => Names.Positions is not null && Session.Session.InputMetadata[Names.Positions].Dimensions is [not 3, _, 3];

    /// <summary>Whether positions have three rows.</summary>
    public int PositionRows => Names.Positions is not null && Session.Session.InputMetadata[Names.Positions].Dimensions.Length == 3 ? 3 : 1;

    private int Dimension(string input, int axis) => Session.Session.InputMetadata[input].Dimensions is { } shape && shape.Length > axis && shape[axis] > 0
        ? shape[axis]
        : throw new ModelLoadException($"{Session.ModelName}: dimension {axis} of '{input}' must be fixed, but is not.");
}
