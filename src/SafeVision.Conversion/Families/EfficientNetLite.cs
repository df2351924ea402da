using System.Text.Json;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Layers;
using SafeVision.Imaging;

namespace SafeVision.Conversion.Families;

/// <summary>
/// EfficientNet-Lite (Tan and Le, arXiv 1905.11946; the Lite variant drops squeeze-and-excitation and uses ReLU6):
/// safetensors with the tensor names of the common PyTorch port, padding as TensorFlow's SAME.
/// </summary>
internal sealed class EfficientNetLite : INetworkFamily
{
    private const int MostBlocks = 256;

    public string Name => "efficientnet-lite";

    public bool Recognizes(string folder) =>
        CheckpointJson.ConfigText(folder, "architecture")?.StartsWith("EfficientNetLite", StringComparison.Ordinal) == true;

    public FamilyModel Read(string folder, ConversionRecipe recipe)
    {
        string path = Path.Combine(folder, "config.json");
        using JsonDocument config = CheckpointJson.Read(path);
        SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(folder);
        try
        {
            string[] labels = CheckpointJson.Labels(config.RootElement, path);
            (ImageInput input, ClassifierHead head) = new Body(checkpoint, config.RootElement, path).Build(labels.Length);
            return new FamilyModel
            {
                Kind = "imageClassifier",
                Network = head.ToNetwork(input),
                Outputs = head.Roles,
                Labels = labels,
                Preprocessing = recipe.Preprocessing ?? Preprocessing(config.RootElement, path),
                SourceFiles = [path, .. checkpoint.Paths],
                Checkpoint = checkpoint,
            };
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    private static PreprocessingRecipe Preprocessing(JsonElement config, string path)
    {
        JsonElement json = CheckpointJson.Property(config, "preprocess", JsonValueKind.Object, path);
        string where = $"{path}: preprocess";
        return new PreprocessingRecipe
        {
            Resize = new PreprocessingResize
            {
                Mode = ResizeMode.ShortestSide,
                Size = CheckpointJson.Integer(json, "resize_short_side", 1, PreprocessingRecipe.MaximumSize, where),
                Filter = CheckpointJson.Text(json, "resample", where) switch
                {
                    "bicubic" => PreprocessingFilter.Bicubic,
                    "bilinear" => PreprocessingFilter.Bilinear,
                    string other => throw new CheckpointException($"{where}: the resample filter '{other}' is not known; say bicubic or bilinear, or give a preprocessing in the recipe."),
                },
            },
            Crop = CheckpointJson.Integer(json, "center_crop", 1, PreprocessingRecipe.MaximumSize, where),
            Rescale = CheckpointJson.Number(json, "rescale", where),
            Mean = Channels(json, "mean", where),
            Std = Channels(json, "std", where),
        };
    }

    private static ChannelValues Channels(JsonElement json, string name, string where)
    {
        JsonElement[] values = [.. CheckpointJson.Property(json, name, JsonValueKind.Array, where).EnumerateArray()];
        return values.Length == 3 && values.All(value => value.ValueKind == JsonValueKind.Number)
            ? new ChannelValues(values[0].GetDouble(), values[1].GetDouble(), values[2].GetDouble())
            : throw new CheckpointException($"{where}: '{name}' must be three numbers.");
    }

    /// <summary>The network, read from top to bottom.</summary>
    private sealed class Body(SafetensorsCheckpoint checkpoint, JsonElement config, string path)
    {
        private readonly double _epsilon = CheckpointJson.Number(config, "batch_norm_eps", path);

        public (ImageInput Input, ClassifierHead Head) Build(int labels)
        {
            var input = new ImageInput(CheckpointJson.Integer(config, "image_size", 32, ImageInput.LargestSize, path));
            int[][] stages = Stages();
            int head = CheckpointJson.Integer(config, "head_channels", 1, 65536, path);

            Layer x = Activate(Normalize(Convolve(input, "_conv_stem", stages[0][4], kernel: 3, stride: 2), "_bn0"), "_bn0");
            int block = 0;
            foreach (int[] stage in stages)
            {
                (int repeats, int kernel, int stride, int expand, int channels) = (stage[0], stage[1], stage[2], stage[3], stage[5]);
                for (int repeat = 0; repeat < repeats; repeat++)
                {
                    x = Block(x, $"_blocks.{block++}", kernel, repeat == 0 ? stride : 1, expand, channels);
                }
            }

            Layer features = Activate(Normalize(Convolve(x, "_conv_head", head, kernel: 1, stride: 1), "_bn1"), "_bn1");
            Layer pooled = new Flatten("_flatten", Pooling.GlobalAverage("_avg_pooling", features));
            var logits = new Dense("_fc", pooled, checkpoint.Get("_fc.weight", labels, head), checkpoint.Get("_fc.bias", labels));
            return (input, new ClassifierHead(logits, new Softmax("_softmax", logits), features, logits.Kernel));
        }

        private Layer Block(Layer input, string name, int kernel, int stride, int expand, int channels)
        {
            Layer x = input;
            if (expand != 1)
            {
                x = Activate(Normalize(Convolve(x, $"{name}._expand_conv", input.Channels * expand, kernel: 1, stride: 1), $"{name}._bn0"), $"{name}._bn0");
            }

            StoredTensor depthwise = checkpoint.Get($"{name}._depthwise_conv.weight", x.Channels, 1, kernel, kernel);
            x = new Convolution($"{name}._depthwise_conv", x, depthwise, null, Window.Same(x, kernel, kernel, stride, stride), groups: x.Channels);
            x = Activate(Normalize(x, $"{name}._bn1"), $"{name}._bn1");
            x = Normalize(Convolve(x, $"{name}._project_conv", channels, kernel: 1, stride: 1), $"{name}._bn2");
            return stride == 1 && input.Channels == channels ? new Sum($"{name}.add", x, input) : x;
        }

        private Convolution Convolve(Layer x, string name, int channels, int kernel, int stride) =>
            new(name, x, checkpoint.Get($"{name}.weight", channels, x.Channels, kernel, kernel), null, Window.Same(x, kernel, kernel, stride, stride));

        private BatchNormalization Normalize(Layer x, string name) => new(
            name, x, checkpoint.Get($"{name}.weight", x.Channels), checkpoint.Get($"{name}.bias", x.Channels),
            checkpoint.Get($"{name}.running_mean", x.Channels), checkpoint.Get($"{name}.running_var", x.Channels), _epsilon);

        private static Clip Activate(Layer x, string name) => new($"{name}.relu6", x, 6);

        /// <summary>Rows of repeats, kernel, stride, expansion, channels in, channels out.</summary>
        private int[][] Stages()
        {
            int[][] stages = [.. CheckpointJson.Property(config, "stages", JsonValueKind.Array, path).EnumerateArray().Select((row, i) =>
                row.ValueKind == JsonValueKind.Array && row.GetArrayLength() == 6
                && row.EnumerateArray().All(value => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number is >= 1 and <= 4096)
                    ? row.EnumerateArray().Select(value => value.GetInt32()).ToArray()
                    : throw new CheckpointException($"{path}: stages[{i}] must be six whole numbers: repeats, kernel, stride, expand, in, out."))];
            return stages.Length > 0 && stages.Sum(stage => (long)stage[0]) <= MostBlocks
                ? stages
                : throw new CheckpointException($"{path}: 'stages' must list 1 to {MostBlocks} blocks.");
        }
    }
}
