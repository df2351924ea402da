using SafeVision.Inference;

namespace SafeVision.VisionLanguage;

/// <summary>The tensors through which the three graphs are joined.</summary>
internal sealed record VisionLanguageContract(VisionNames Vision, EmbeddingNames Embedding, DecoderNames Decoder)
{
    /// <summary>Finds the tensors and checks that the graphs fit each other, as far as their signatures say.</summary>
    /// <exception cref="ModelLoadException">A tensor is missing, has another form, or another width than its neighbour.</exception>
    public static VisionLanguageContract Read(TensorNaming naming, GraphSignature vision, GraphSignature embedding, GraphSignature decoder)
    {
        var contract = new VisionLanguageContract(
            VisionNames.Read(vision, naming), EmbeddingNames.Read(embedding, naming), DecoderNames.Read(decoder, naming));
        OnnxTensorInfo wanted = decoder.Inputs[contract.Decoder.Embeddings];
        RequireWidth(vision, vision.Outputs[contract.Vision.ImageFeatures]);
        RequireWidth(embedding, embedding.Outputs[contract.Embedding.Embeddings]);
        if (contract.Embedding.ImageFeatures is { } features)
        {
            RequireWidth(embedding, embedding.Inputs[features]);
        }

        return contract;

        void RequireWidth(GraphSignature graph, OnnxTensorInfo tensor)
        {
            if (tensor.Dimensions is [.., > 0 and long width] && width != wanted.Dimensions[^1])
            {
                throw graph.Wrong(tensor, $"its width must be that of '{wanted.Name}' of {Path.GetFileName(decoder.File)}, {wanted.Dimensions[^1]}; the files belong to different models");
            }
        }
    }
}
