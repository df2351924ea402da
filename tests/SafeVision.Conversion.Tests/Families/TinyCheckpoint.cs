using SafeVision.Conversion.Tests.Checkpoints;

namespace SafeVision.Conversion.Tests.Families;

/// <summary>Small checkpoints with random weights in the layout of the real ones.</summary>
internal static class TinyCheckpoint
{
    public const string EfficientNetConfig = """
        {"architecture": "EfficientNetLite0", "image_size": 32, "stages": [[1, 3, 1, 1, 8, 4], [2, 5, 2, 2, 4, 6]],
         "batch_norm_eps": 0.001, "head_channels": 10,
         "preprocess": {"resize_short_side": 36, "resample": "bicubic", "center_crop": 32, "rescale": 0.00392156862745098, "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4]},
         "id2label": {"0": "cat", "1": "dog", "2": "neither"}}
        """;

    /// <summary>EfficientNet-Lite of three blocks.</summary>
    public static void WriteEfficientNet(string folder, string type = "F32")
    {
        var weights = new Weights(3);
        weights.Add("_conv_stem.weight", 8, 3, 3, 3);
        weights.Normalization("_bn0", 8);
        Block(weights, "_blocks.0", 8, 1, 3, 4);
        Block(weights, "_blocks.1", 4, 2, 5, 6);
        Block(weights, "_blocks.2", 6, 2, 5, 6);
        weights.Add("_conv_head.weight", 10, 6, 1, 1);
        weights.Normalization("_bn1", 10);
        weights.Add("_fc.weight", 3, 10);
        weights.Add("_fc.bias", 3);
        Write(folder, EfficientNetConfig, weights, type);
    }

    private static void Block(Weights weights, string name, int channels, int expand, int kernel, int output)
    {
        int inner = channels * expand;
        if (expand != 1)
        {
            weights.Add($"{name}._expand_conv.weight", inner, channels, 1, 1);
            weights.Normalization($"{name}._bn0", inner);
        }

        weights.Add($"{name}._depthwise_conv.weight", inner, 1, kernel, kernel);
        weights.Normalization($"{name}._bn1", inner);
        weights.Add($"{name}._project_conv.weight", output, inner, 1, 1);
        weights.Normalization($"{name}._bn2", output);
    }

    private static void Write(string folder, string config, Weights weights, string type)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), config);
        File.WriteAllBytes(Path.Combine(folder, "model.safetensors"), SafetensorsBytes.Create(weights.Tensors, type));
    }

    private sealed class Weights(int seed)
    {
        private readonly Random _random = new(seed);

        public List<(string Name, int[] Shape, float[] Values)> Tensors { get; } = [];

        public void Add(string name, params int[] shape) => Add(name, -0.5, 0.5, shape);

        public void Norm(string name, int features)
        {
            Add($"{name}.weight", 0.5, 1.5, features);
            Add($"{name}.bias", features);
        }

        public void Normalization(string name, int channels)
        {
            Norm(name, channels);
            Add($"{name}.running_mean", channels);
            Add($"{name}.running_var", 0.2, 2, channels);
        }

        private void Add(string name, double least, double most, params int[] shape) => Tensors.Add(
            (name, shape, [.. Enumerable.Range(0, shape.Aggregate(1, (a, b) => a * b)).Select(_ => (float)(least + (_random.NextDouble() * (most - least))))]));
    }
}
