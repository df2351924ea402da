using Microsoft.ML.OnnxRuntime.Tensors;
using SafeVision.Execution;

namespace SafeVision.Models.Generation;

/// <summary>What a decoder's graph takes and gives, read from the session itself; files only name the tensors.</summary>
internal sealed record DecoderGraph
{
    /// <summary>The loaded graph.</summary>
    public required ModelSession Session { get; init; }

    /// <summary>Whether the graph appends to a key/value buffer in place (GroupQueryAttention) instead of returning a longer one.</summary>
    public required bool SharesCache { get; init; }

    /// <summary>Embeddings of the new tokens, [batch, tokens, width].</summary>
    public required string Embeddings { get; init; }

    /// <summary>1 for each token, past and new, that counts, [batch, past + tokens].</summary>
    public required string Mask { get; init; }

    /// <summary>Positions of the new tokens, [batch, tokens] or [3, batch, tokens]; null where the graph counts by itself.</summary>
    public required string? Positions { get; init; }

    /// <summary>How many of the last positions get logits, a scalar; null where all do.</summary>
    public required string? KeepLogits { get; init; }

    /// <summary>Whether there are past tokens, [1], in graphs that merge two; null elsewhere.</summary>
    public required string? UseCacheBranch { get; init; }

    /// <summary>Scores of every token of the vocabulary, [batch, tokens or kept, vocabulary].</summary>
    public required string Logits { get; init; }

    /// <summary>Keys and values of the past: key of layer 0, value of layer 0, key of layer 1, …; each [batch, heads, past, headSize].</summary>
    public required IReadOnlyList<string> Past { get; init; }

    /// <summary>The same with the new tokens, in the same order.</summary>
    public required IReadOnlyList<string> Present { get; init; }

    /// <summary>The shape of <see cref="KeepLogits"/>: [], or [1] in some exports.</summary>
    public long[] KeepLogitsShape => KeepLogits is not null && Session.Session.InputMetadata[KeepLogits].Dimensions.Length == 1 ? [1] : [];

    /// <summary>The graph with the names under which its file knows its tensors.</summary>
    public static DecoderGraph Of(ModelSession session, VisionLanguage.DecoderNames names, bool sharesCache) => new()
    {
        Session = session,
        SharesCache = sharesCache,
        Embeddings = names.Embeddings,
        Mask = names.Mask,
        Positions = names.Positions,
        KeepLogits = names.KeepLogits,
        UseCacheBranch = names.UseCacheBranch,
        Logits = names.Logits,
        Past = names.Past,
        Present = names.Present,
    };

    /// <summary>Attention heads of keys and values.</summary>
    public int Heads => Dimension(Past[0], 1);

    /// <summary>Numbers of a head's key or value.</summary>
    public int HeadSize => Dimension(Past[0], 3);

    /// <summary>Numbers of a token's embedding.</summary>
    public int Width => Dimension(Embeddings, 2);

    /// <summary>Tokens in the vocabulary, padding included.</summary>
    public int Vocabulary => Session.Session.OutputMetadata[Logits].Dimensions is [.., > 0 and int size]
        ? size
        : throw new ModelLoadException($"{Session.ModelName}: the last dimension of '{Logits}' must be fixed.");

    public TensorElementType EmbeddingType => Session.Session.InputMetadata[Embeddings].ElementDataType;

    public TensorElementType CacheType => Session.Session.InputMetadata[Past[0]].ElementDataType;

    public TensorElementType LogitsType => Session.Session.OutputMetadata[Logits].ElementDataType;

    /// <summary>Bytes of keys and values that one token takes in all layers.</summary>
    public long BytesPerToken => (long)Past.Count * Heads * HeadSize * TensorElements.SizeOf(CacheType);

    /// <summary>Whether the three rows of multimodal positions are the last dimension instead of the first.</summary>
    public bool PositionsLast => Positions is not null && Session.Session.InputMetadata[Positions].Dimensions is [not 3, _, 3];

    /// <summary>Whether positions have three rows.</summary>
    public int PositionRows => Positions is not null && Session.Session.InputMetadata[Positions].Dimensions.Length == 3 ? 3 : 1;

    private int Dimension(string input, int axis) => Session.Session.InputMetadata[input].Dimensions is { } shape && shape.Length > axis && shape[axis] > 0
        ? shape[axis]
        : throw new ModelLoadException($"{Session.ModelName}: dimension {axis} of '{input}' must be fixed, but is not.");
}
