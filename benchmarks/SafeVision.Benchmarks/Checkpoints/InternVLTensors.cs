namespace SafeVision.Benchmarks.Checkpoints;

/// <summary>An InternVL checkpoint as its authors publish it: InternViT-300M, the projector, Qwen2.</summary>
internal static class InternVLTensors
{
    public static IEnumerable<RandomTensor> Of(CheckpointShape shape) =>
        [.. Vision(shape.Vision), .. Projector(shape), .. LlamaTensors.Of(shape.Text, "language_model.model.", "language_model.lm_head", biases: true)];

    private static IEnumerable<RandomTensor> Vision(VisionShape shape)
    {
        const string Embeddings = "vision_model.embeddings.";
        yield return RandomTensor.Weight($"{Embeddings}class_embedding", 1, 1, shape.Width);
        yield return RandomTensor.Weight($"{Embeddings}patch_embedding.weight", shape.Width, 3, shape.PatchSize, shape.PatchSize);
        yield return RandomTensor.Weight($"{Embeddings}patch_embedding.bias", shape.Width);
        yield return RandomTensor.Weight($"{Embeddings}position_embedding", 1, shape.Patches + 1, shape.Width);
        for (int i = 0; i < shape.Layers; i++)
        {
            string layer = $"vision_model.encoder.layers.{i}.";
            IEnumerable<RandomTensor> tensors =
            [
                .. RandomTensor.Dense($"{layer}attn.qkv", 3 * shape.Width, shape.Width),
                .. RandomTensor.Dense($"{layer}attn.proj", shape.Width, shape.Width),
                .. RandomTensor.Dense($"{layer}mlp.fc1", shape.FeedForward, shape.Width),
                .. RandomTensor.Dense($"{layer}mlp.fc2", shape.Width, shape.FeedForward),
                .. RandomTensor.Norm($"{layer}norm1", shape.Width),
                .. RandomTensor.Norm($"{layer}norm2", shape.Width),
                RandomTensor.Gain($"{layer}ls1", shape.Width),
                RandomTensor.Gain($"{layer}ls2", shape.Width),
            ];
            foreach (RandomTensor tensor in tensors)
            {
                yield return tensor;
            }
        }
    }

    private static IEnumerable<RandomTensor> Projector(CheckpointShape shape) =>
    [
        .. RandomTensor.Norm("mlp1.0", 4 * shape.Vision.Width),
        .. RandomTensor.Dense("mlp1.1", shape.Text.Width, 4 * shape.Vision.Width),
        .. RandomTensor.Dense("mlp1.3", shape.Text.Width, shape.Text.Width),
    ];
}
