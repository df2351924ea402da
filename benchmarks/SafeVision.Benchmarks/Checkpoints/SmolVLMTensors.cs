namespace SafeVision.Benchmarks.Checkpoints;

/// <summary>A SmolVLM checkpoint: SigLIP's vision tower, one projection, Llama.</summary>
internal static class SmolVLMTensors
{
    /// <summary>How many patches a side become one token.</summary>
    public const int ShuffleFactor = 4;

    private static readonly string[] s_projections = ["q_proj", "k_proj", "v_proj", "out_proj"];

    public static IEnumerable<RandomTensor> Of(CheckpointShape shape) =>
    [
        .. Vision(shape.Vision),
        RandomTensor.Weight("model.connector.modality_projection.proj.weight", shape.Text.Width, ShuffleFactor * ShuffleFactor * shape.Vision.Width),
        .. LlamaTensors.Of(shape.Text, "model.text_model.", "lm_head", biases: false),
    ];

    private static IEnumerable<RandomTensor> Vision(VisionShape shape)
    {
        const string Embeddings = "model.vision_model.embeddings.";
        yield return RandomTensor.Weight($"{Embeddings}patch_embedding.weight", shape.Width, 3, shape.PatchSize, shape.PatchSize);
        yield return RandomTensor.Weight($"{Embeddings}patch_embedding.bias", shape.Width);
        yield return RandomTensor.Weight($"{Embeddings}position_embedding.weight", shape.Patches, shape.Width);
        for (int i = 0; i < shape.Layers; i++)
        {
            string layer = $"model.vision_model.encoder.layers.{i}.";
            IEnumerable<RandomTensor> tensors =
            [
                .. s_projections.SelectMany(name => RandomTensor.Dense($"{layer}self_attn.{name}", shape.Width, shape.Width)),
                .. RandomTensor.Dense($"{layer}mlp.fc1", shape.FeedForward, shape.Width),
                .. RandomTensor.Dense($"{layer}mlp.fc2", shape.Width, shape.FeedForward),
                .. RandomTensor.Norm($"{layer}layer_norm1", shape.Width),
                .. RandomTensor.Norm($"{layer}layer_norm2", shape.Width),
            ];
            foreach (RandomTensor tensor in tensors)
            {
                yield return tensor;
            }
        }

        foreach (RandomTensor tensor in RandomTensor.Norm("model.vision_model.post_layernorm", shape.Width))
        {
            yield return tensor;
        }
    }
}
