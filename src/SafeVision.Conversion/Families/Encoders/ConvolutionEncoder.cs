namespace SafeVision.Conversion.Families.Encoders;

/// <summary>One convolution.</summary>
/// <param name="Kernel">[channels out, channels of a group · height · width], with a bias.</param>
/// <param name="Window">Where it looks.</param>
/// <param name="GroupChannels">Channels of a group.</param>
internal sealed record Convolution(string Name, Projection Kernel, Window Window, MapSize Before, int GroupChannels)
{
    /// <summary>As many as channels where each has a kernel of its own, else 1.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Whether ReLU6 stands behind it.</summary>
    public bool IsClipped { get; init; } = true;
}

/// <summary>Convolutions one behind the other.</summary>
/// <param name="AddsInput">Whether what goes in is added to what comes out.</param>
internal sealed record ConvolutionBlock(string Name, IReadOnlyList<Convolution> Steps, bool AddsInput);

/// <summary>A classifier of convolutions (Sandler et al., arXiv 1801.04381): a stem, blocks, the mean of the last map, one
/// projection to logits. Weights stay as they are stored, so that half precision costs no time, and what each place adds to a logit
/// is an output, of which exact heat maps are made.</summary>
internal sealed record ConvolutionEncoder : IEncoder
{
    private const float Bound = 6; // of ReLU6

    public static IReadOnlyDictionary<string, string> Outputs { get; } =
        new Dictionary<string, string> { ["logits"] = "logits", ["probabilities"] = "probabilities", ["features"] = "features", ["headWeights"] = "head_weights" };

    public string Name => "model";

    public string Output => EncoderHead.Logits;

    public bool TakesPrecision => false;

    /// <summary>Pixels along a side of an image.</summary>
    public required int ImageSize { get; init; }

    public required Convolution Stem { get; init; }

    /// <summary>The last one yields the features.</summary>
    public required IReadOnlyList<ConvolutionBlock> Blocks { get; init; }

    /// <summary>[labels, channels].</summary>
    public required Projection Head { get; init; }

    public int Depth => Blocks.Count;

    public int[] FinalShape => [1, Head.Weight.Columns, Last.Rows, Last.Columns];

    private MapSize Last => Blocks[^1].Steps[^1] is var step ? step.Before.After(step.Window) : default;

    public TransformerGraph Write(IWeightForm form)
    {
        var blocks = new TransformerGraph(Name, form);
        string x = Write(blocks, Stem, ImageInput.Write(blocks, ImageSize));
        blocks.Hidden.Add(x);
        foreach (ConvolutionBlock block in Blocks)
        {
            string y = block.Steps.Aggregate(x, (map, step) => Write(blocks, step, map));
            x = block.AddsInput ? blocks.Add($"{block.Name}/sum", y, x) : y;
            blocks.Hidden.Add(x);
        }

        blocks.Final = x;
        WriteHead(blocks, x);
        return blocks;
    }

    public IReadOnlyDictionary<string, VisionInput> Probe(ulong seed) => ImageInput.Probe(seed, ImageSize);

    public long Cost(int layer) => Blocks[layer].Steps.Sum(step => step.Before.After(step.Window).Places * step.Kernel.Weight.Count);

    // Hidden values are as in the graph, channel by channel; convolutions are computed place by place.
    public float[] ReferenceEmbed(IReadOnlyDictionary<string, VisionInput> inputs)
    {
        float[] places = ToPlaces(inputs[ImageInput.Name].Numbers, ImageInput.Channels);
        return ToChannels(Compute(Stem, places), Stem.Kernel.Features);
    }

    public float[] ReferenceStep(int layer, float[] hidden)
    {
        ConvolutionBlock block = Blocks[layer];
        float[] y = block.Steps.Aggregate(ToPlaces(hidden, hidden.Length / block.Steps[0].Before.Places), (map, step) => Compute(step, map));
        float[] result = ToChannels(y, block.Steps[^1].Kernel.Features);
        if (block.AddsInput)
        {
            TensorPrimitives.Add(result, hidden, result);
        }

        return result;
    }

    public float[] ReferenceFinish(float[] hidden) => hidden;

    public float[] ReferenceHead(float[] final, IReadOnlyList<float[]> taken, IReadOnlyDictionary<string, VisionInput> inputs)
    {
        int channels = Head.Weight.Columns, places = final.Length / channels;
        float[] pooled = [.. Enumerable.Range(0, channels).Select(channel => final.AsSpan(channel * places, places).ToArray().Average())];
        return ReferenceTransformer.Linear(Head, pooled);
    }

    internal static string Write(TransformerGraph blocks, Convolution step, string map)
    {
        Window window = step.Window;
        string kernel = blocks.Once($"{step.Name}.weight", name => blocks.StoredKernel(name, step.Kernel.Weight, step.Kernel.Features, step.GroupChannels, window.Height, window.Width));
        string bias = blocks.Once($"{step.Name}.bias", name => blocks.Constant(name, step.Kernel.Bias!));
        string result = blocks.Graph.Node(
            "Conv", blocks.Graph.Claim(step.Name), [map, kernel, bias],
            OnnxAttribute.Integers("kernel_shape", window.Height, window.Width),
            OnnxAttribute.Integers("strides", window.StrideY, window.StrideX),
            OnnxAttribute.Integers("pads", window.Top, window.Left, window.Bottom, window.Right),
            OnnxAttribute.Integer("group", step.Groups));
        return step.IsClipped
            ? blocks.Graph.Node("Clip", blocks.Graph.Claim($"{step.Name}/relu6"), [result, blocks.Scalar($"{step.Name}/least", 0), blocks.Scalar($"{step.Name}/most", Bound)])
            : result;
    }

    private void WriteHead(TransformerGraph blocks, string features)
    {
        OnnxGraph graph = blocks.Graph;
        (int labels, int channels) = (Head.Features, Head.Weight.Columns);
        string weight = blocks.StoredKernel("head.weight", Head.Weight, labels, channels);
        string pooled = graph.Node("Flatten", graph.Claim("pooled"), [graph.Node("GlobalAveragePool", graph.Claim("pooled/map"), [features])], OnnxAttribute.Integer("axis", 1));
        string logits = graph.Node("Gemm", graph.Claim("head"), [pooled, weight, blocks.Constant("head.bias", Head.Bias!)], OnnxAttribute.Integer("transB", 1));
        blocks.FloatOutput(EncoderHead.Logits, logits, ("batch_size", null), ("size", labels));
        graph.Node("Softmax", graph.Claim("probabilities"), [EncoderHead.Logits], OnnxAttribute.Integer("axis", -1));
        graph.Output("probabilities", ("batch_size", null), ("size", labels));
        blocks.FloatOutput("features", features, ("batch_size", null), ("width", channels), ("rows", Last.Rows), ("columns", Last.Columns));
        blocks.FloatOutput("head_weights", weight, ("size", labels), ("width", channels));
    }

    internal static float[] Compute(Convolution step, float[] places)
    {
        float[] result = step.Groups > 1
            ? step.Before.Mix(places, step.Kernel, step.Window)
            : ReferenceTransformer.Linear(step.Kernel, step.Window is { Height: 1, Width: 1, StrideY: 1, StrideX: 1 } ? places : step.Before.Cut(places, step.GroupChannels, step.Window));
        if (step.IsClipped)
        {
            TensorPrimitives.Clamp<float>(result, 0, Bound, result);
        }

        return result;
    }

    /// <summary>[channels, places] → [places, channels].</summary>
    internal static float[] ToPlaces(float[] x, int channels) => Turn(x, channels, x.Length / channels);

    /// <summary>[places, channels] → [channels, places].</summary>
    private static float[] ToChannels(float[] x, int channels) => Turn(x, x.Length / channels, channels);

    private static float[] Turn(float[] x, int rows, int columns)
    {
        float[] turned = new float[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            (int row, int column) = Math.DivRem(i, columns);
            turned[(column * rows) + row] = x[i];
        }

        return turned;
    }
}
