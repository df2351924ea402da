using Microsoft.ML.OnnxRuntime.Tensors;

namespace SafeVision.VisionLanguage.Generation;

/// <summary>Looks up the embeddings of a prompt's tokens and puts image features where they belong. Not thread-safe.</summary>
internal interface ITextEmbedder : IDisposable
{
    /// <summary>Writes the embeddings of a run of tokens, [count, width].</summary>
    /// <param name="tokens">The sequence.</param>
    /// <param name="start">The first token of the run.</param>
    /// <param name="count">How many.</param>
    /// <param name="features">The features of the sequence's pictures, in order; not needed where the run holds no image token.</param>
    /// <param name="target">Receives the numbers.</param>
    /// <param name="type">Their type.</param>
    /// <param name="firstRow">The row of <paramref name="target"/> to start at.</param>
    void Embed(TokenSequence tokens, int start, int count, IReadOnlyList<ImageFeatures> features, NativeBuffer target, TensorElementType type, int firstRow);
}
