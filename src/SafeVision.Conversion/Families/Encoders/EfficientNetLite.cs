namespace SafeVision.Conversion.Families.Encoders;

/// <summary>EfficientNet-Lite (Tan and Le, arXiv 1905.11946; the Lite variant drops squeeze-and-excitation and uses ReLU6):
/// safetensors with the tensor names of the common PyTorch port, padding as TensorFlow's SAME.</summary>
internal sealed class EfficientNetLite : IEncoderFamily
{
    private const int MostChannels = 1 << 16;

    public string Name => "efficientnet-lite";

    public bool Recognizes(string folder) =>
        CheckpointFile.ConfigText(folder, "architecture")?.StartsWith("EfficientNetLite", StringComparison.Ordinal) == true;

    public EncoderModel Read(string folder, ConversionRecipe recipe) => EncoderModel.Read(folder, (checkpoint, config) =>
    {
        string[] labels = ClassifierLabels.ReadNames(config);
        return new EncoderModel
        {
            Kind = "imageClassifier",
            Encoders = [new Reader(checkpoint, config).Read(labels.Length)],
            Labels = labels,
            Outputs = ConvolutionEncoder.Outputs,
            Preprocessing = recipe.Preprocessing ?? Preprocessing(config),
        };
    });

    private static PreprocessingRecipe Preprocessing(JsonValue config)
    {
        JsonValue json = config["preprocess"].Object();
        return new PreprocessingRecipe
        {
            Resize = new PreprocessingResize
            {
                Mode = ResizeMode.ShortestSide,
                Size = json["resize_short_side"].Integer(1, PreprocessingRecipe.MaximumSize),
                Filter = json["resample"].RequiredText() switch
                {
                    "bicubic" => PreprocessingFilter.Bicubic,
                    "bilinear" => PreprocessingFilter.Bilinear,
                    string other => throw new CheckpointException($"{json.Where}: the resample filter '{other}' is not known; say bicubic or bilinear, or give a preprocessing in the recipe."),
                },
            },
            Crop = json["center_crop"].Integer(1, PreprocessingRecipe.MaximumSize),
            Rescale = json["rescale"].Number(),
            Mean = ImageProcessor.Channels(json["mean"]),
            Std = ImageProcessor.Channels(json["std"]),
        };
    }

    /// <summary>The network, read from top to bottom.</summary>
    private sealed class Reader(SafetensorsCheckpoint checkpoint, JsonValue config)
    {
        private readonly double _epsilon = config["batch_norm_eps"].Number();

        public ConvolutionEncoder Read(int labels)
        {
            int size = config["image_size"].Integer(32, ImageInput.LargestSide), head = config["head_channels"].Integer(1, MostChannels);
            var map = new MapSize(size, size);
            (Convolution stem, List<ConvolutionBlock> blocks) = InvertedResiduals.Read(config, ref map, Convolve);
            int channels = blocks[^1].Steps[^1].Kernel.Features;
            blocks.Add(new ConvolutionBlock("_conv_head", [Convolve("_conv_head", "_bn1", ref map, head, channels, kernel: 1, stride: 1)], AddsInput: false));
            return new ConvolutionEncoder
            {
                ImageSize = size,
                Stem = stem,
                Blocks = blocks,
                Head = Projection.Read(checkpoint, "_fc", labels, head, hasBias: true),
            };
        }

        /// <summary>A convolution, its batch normalisation folded into it.</summary>
        private Convolution Convolve(string name, string normalization, ref MapSize map, int output, int input, int kernel, int stride)
        {
            WeightMatrix weight = WeightMatrix.From(checkpoint.Get($"{name}.weight", output, input, kernel, kernel));
            double[] gamma = Numbers($"{normalization}.weight"), beta = Numbers($"{normalization}.bias"), mean = Numbers($"{normalization}.running_mean"), variance = Numbers($"{normalization}.running_var");
            if (!variance.All(value => value + _epsilon > 0))
            {
                throw new CheckpointException($"{config.Where}: '{normalization}.running_var' holds a variance that is not above 0.");
            }

            double[] factors = [.. variance.Select((value, i) => gamma[i] / Math.Sqrt(value + _epsilon))];
            var window = Window.Same(map, kernel, stride);
            MapSize before = map;
            map = map.After(window);
            return new Convolution(
                name, new Projection(weight.ScaleRows([.. factors.Select(factor => (float)factor)]), [.. beta.Select((value, i) => (float)(value - (mean[i] * factors[i])))]), window, before, input);

            double[] Numbers(string tensor) => checkpoint.Get(tensor, output).ToDouble();
        }
    }
}

/// <summary>A stem and blocks of inverted residuals, as <c>stages</c> of a configuration lists them: rows of repeats, kernel, stride, expansion, channels in, channels out.</summary>
internal static class InvertedResiduals
{
    private const int MostBlocks = 256;

    /// <summary>Reads one convolution and moves the size of the map on.</summary>
    public delegate Convolution Convolve(string name, string normalization, ref MapSize map, int output, int input, int kernel, int stride);

    public static (Convolution Stem, List<ConvolutionBlock> Blocks) Read(JsonValue config, ref MapSize map, Convolve convolve)
    {
        int[][] stages = [.. config["stages"].Items(MostBlocks).Select(row =>
            row.Integers(1, 4096) is { Length: 6 } numbers ? numbers : throw row.Wrong("six whole numbers: repeats, kernel, stride, expand, in, out"))];
        if (stages.Length == 0 || stages.Sum(stage => (long)stage[0]) > MostBlocks)
        {
            throw config["stages"].Wrong($"a list of 1 to {MostBlocks} blocks");
        }

        Convolution stem = convolve("_conv_stem", "_bn0", ref map, stages[0][4], ImageInput.Channels, kernel: 3, stride: 2);
        var blocks = new List<ConvolutionBlock>();
        int channels = stages[0][4];
        foreach (int[] stage in stages)
        {
            (int repeats, int kernel, int stride, int expand, int output) = (stage[0], stage[1], stage[2], stage[3], stage[5]);
            for (int repeat = 0; repeat < repeats; repeat++, channels = output)
            {
                blocks.Add(Block($"_blocks.{blocks.Count}", ref map, kernel, repeat == 0 ? stride : 1, expand, channels, output));
            }
        }

        return (stem, blocks);

        ConvolutionBlock Block(string name, ref MapSize map, int kernel, int stride, int expand, int input, int output)
        {
            int inner = input * expand;
            var steps = new List<Convolution>();
            if (expand != 1)
            {
                steps.Add(convolve($"{name}._expand_conv", $"{name}._bn0", ref map, inner, input, kernel: 1, stride: 1));
            }

            steps.Add(convolve($"{name}._depthwise_conv", $"{name}._bn1", ref map, inner, 1, kernel, stride) with { Groups = inner });
            steps.Add(convolve($"{name}._project_conv", $"{name}._bn2", ref map, output, inner, kernel: 1, stride: 1) with { IsClipped = false });
            return new ConvolutionBlock(name, steps, AddsInput: stride == 1 && input == output);
        }
    }
}
