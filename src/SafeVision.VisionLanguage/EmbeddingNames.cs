using Microsoft.ML.OnnxRuntime.Tensors;

namespace SafeVision.VisionLanguage;

/// <summary>The embedding graph's tensors by the graph's own names.</summary>
/// <param name="InputIds">Token ids, [batch, tokens].</param>
/// <param name="ImageFeatures">Image features that the graph itself puts in place of image tokens; null where the caller does.</param>
/// <param name="Embeddings">[batch, tokens, width].</param>
internal sealed record EmbeddingNames(string InputIds, string? ImageFeatures, string Embeddings)
{
    /// <exception cref="Inference.ModelLoadException">A tensor is missing or of another form; the message names file and tensor.</exception>
    public static EmbeddingNames Read(GraphSignature graph, TensorNaming naming)
    {
        string ids = graph.Require(graph.Input(naming.InputIds, orOnly: true), TensorElementType.Int64, 2).Name;
        string? features = graph.Inputs.TryGetValue(naming.EmbeddingImageFeatures, out Inference.OnnxTensorInfo? images)
            ? graph.RequireFloats(images, 2, 3).Name
            : null;
        return new EmbeddingNames(ids, features, graph.RequireFloats(graph.Output(naming.Embedded, orOnly: true), 3).Name);
    }
}
