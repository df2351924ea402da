namespace SafeVision.Conversion.Quantization;

/// <summary>Rewrites a convolutional network so that ONNX Runtime runs its convolutions and sums in 8-bit integers:
/// weights by output channel, each activation with one scale that calibration images give. The form is QuantizeLinear
/// and DequantizeLinear around each tensor (ONNX Runtime's docs, "Quantize ONNX models"), so that a runtime without
/// integer kernels computes the same. What rounding shifts a channel by on average its bias takes back, one convolution
/// after the other, those before it rounded and corrected already (Nagel et al., arXiv 1906.04721, 4.2).</summary>
/// <param name="inputs">Calibration images as the network takes them, one item each.</param>
/// <param name="shape">The shape of one, with its batch of 1.</param>
/// <param name="report">Told what is done of what there is to do.</param>
internal sealed class IntegerNetwork(IReadOnlyList<float[]> inputs, long[] shape, Action<long, long> report, CancellationToken cancellationToken)
{
    private const int MostCorrecting = 64; // images that biases are corrected with

    /// <summary>Writes the network in integers.</summary>
    /// <param name="source">An ONNX file whose convolutions take float32.</param>
    public void Write(string source, string destination)
    {
        ModelProto folded = Fold(source, destination + ".folded");
        var graph = new IntegerGraph(folded.Graph.Clone());
        int steps = 1 + graph.Convolutions.Count;
        report(0, steps);
        IReadOnlyDictionary<string, (float Low, float High)> ranges = Ranges(folded, graph.Activations);
        Dictionary<string, float[]> exact = Means(folded, graph.Convolutions), corrections = [];
        foreach ((int done, string convolution) in graph.Convolutions.Index())
        {
            report(1 + done, steps);
            float[] rounded = Means(Rounded(), [convolution])[convolution];
            corrections[convolution] = [.. exact[convolution].Zip(rounded, (right, wrong) => right - wrong)];
        }

        File.WriteAllBytes(destination, Rounded().ToByteArray());
        report(steps, steps);

        ModelProto Rounded()
        {
            ModelProto model = folded.Clone();
            new IntegerGraph(model.Graph).Rewrite(ranges, corrections);
            return model;
        }
    }

    /// <summary>Folds constants, and batch normalisation into the convolutions, in float32.</summary>
    private static ModelProto Fold(string source, string folded)
    {
        try
        {
            using (SessionOptions options = OnnxRuntime.CreateOptions())
            {
                options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_BASIC;
                options.OptimizedModelFilePath = folded;
                OnnxRuntime.Open(source, options).Dispose();
            }

            return ModelProto.Parser.ParseFrom(File.ReadAllBytes(folded));
        }
        finally
        {
            File.Delete(folded);
        }
    }

    private Dictionary<string, (float Low, float High)> Ranges(ModelProto model, IReadOnlyList<string> activations)
    {
        var ranges = activations.ToDictionary(name => name, _ => new ActivationRange());
        Run(model, activations, inputs, (name, numbers, _) => ranges[name].Widen(numbers));
        Run(model, activations, inputs, (name, numbers, _) => ranges[name].Count(numbers));
        return ranges.ToDictionary(range => range.Key, range => range.Value.Best());
    }

    /// <summary>The mean of each channel of tensors [batch, channels, height, width] over images and places.</summary>
    private Dictionary<string, float[]> Means(ModelProto model, IReadOnlyList<string> tensors)
    {
        int step = (inputs.Count + MostCorrecting - 1) / MostCorrecting;
        float[][] some = [.. inputs.Where((_, i) => i % step == 0)];
        var sums = new Dictionary<string, double[]>();
        Run(model, tensors, some, (name, numbers, dimensions) =>
        {
            int channels = (int)dimensions[1], cells = numbers.Length / channels;
            double[] sum = sums.TryGetValue(name, out double[]? known) ? known : sums[name] = new double[channels];
            for (int channel = 0; channel < channels; channel++)
            {
                double mean = 0;
                foreach (float number in numbers.Slice(channel * cells, cells))
                {
                    mean += number;
                }

                sum[channel] += mean / cells / some.Length;
            }
        });
        return sums.ToDictionary(sum => sum.Key, sum => Array.ConvertAll(sum.Value, value => (float)value));
    }

    private void Run(ModelProto model, IReadOnlyList<string> tensors, IReadOnlyList<float[]> images, Seen seen)
    {
        ModelProto probe = model.Clone();
        string input = probe.Graph.Input[0].Name;
        string[] made = [.. tensors.Where(name => name != input)];
        probe.Graph.Output.Clear();
        KeepOnly(probe.Graph, made);
        probe.Graph.Output.AddRange(made.Select(name => new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Float } },
        }));
        using SessionOptions options = OnnxRuntime.CreateOptions();
        using InferenceSession session = OnnxRuntime.Open(probe.ToByteArray(), options);
        using var run = new RunOptions();
        foreach (float[] image in images)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using OrtValue value = OrtValue.CreateTensorValueFromMemory(image, shape);
            if (made.Length < tensors.Count)
            {
                seen(input, image, shape);
            }

            using IDisposableReadOnlyCollection<OrtValue> results = session.Run(run, [input], [value], made);
            for (int i = 0; i < made.Length; i++)
            {
                seen(made[i], results[i].GetTensorDataAsSpan<float>(), results[i].GetTensorTypeAndShape().Shape);
            }
        }
    }

    /// <summary>Takes out what is not needed to compute some tensors: the runtime would compute it all the same.</summary>
    private static void KeepOnly(GraphProto graph, IReadOnlyList<string> tensors)
    {
        (IReadOnlyList<NodeProto> nodes, IReadOnlySet<string> needed) = GraphCut.Needed(graph, [], tensors);
        TensorProto[] used = [.. graph.Initializer.Where(tensor => needed.Contains(tensor.Name))];
        graph.Node.Clear();
        graph.Node.AddRange(nodes);
        graph.Initializer.Clear();
        graph.Initializer.AddRange(used);
    }

    private delegate void Seen(string tensor, ReadOnlySpan<float> numbers, long[] shape);
}
