using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using SafeVision.Conversion.Onnx;
using SafeVision.Inference;

namespace SafeVision.Conversion.Quantization;

/// <summary>
/// Rewrites a convolutional network so that ONNX Runtime runs its convolutions and sums in 8-bit integers: weights by output
/// channel, each activation with one scale that calibration images give. The form is QuantizeLinear and DequantizeLinear around
/// each tensor (ONNX Runtime's docs, "Quantize ONNX models"), so that a runtime without integer kernels computes the same.
/// </summary>
internal static class IntegerNetwork
{
    /// <summary>Seven bits: two products of a full byte and such a weight never exceed 16 bits, which processors without VNNI add them in.</summary>
    private const int MostWeight = 63;

    private const int Bins = 4096;

    /// <summary>Writes the network in integers.</summary>
    /// <param name="source">An ONNX file whose convolutions take float32.</param>
    /// <param name="destination">The file to write.</param>
    /// <param name="inputs">Calibration images as the network takes them, one item each.</param>
    /// <param name="shape">The shape of one, with its batch of 1.</param>
    /// <param name="clipped">The share of an activation's numbers that may be cut off at either end.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public static void Write(string source, string destination, IReadOnlyList<float[]> inputs, long[] shape, double clipped, CancellationToken cancellationToken)
    {
        string folded = destination + ".folded";
        try
        {
            using (SessionOptions options = OnnxRuntime.CreateOptions())
            {
                // Constants are folded and batch normalisation goes into the convolutions, in float32.
                options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_BASIC;
                options.OptimizedModelFilePath = folded;
                OnnxRuntime.Open(source, options).Dispose();
            }

            ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(folded));
            var graph = new Rewriting(model.Graph);
            Dictionary<string, (float Low, float High)> ranges = Calibrate(model, graph.Activations, inputs, shape, clipped, cancellationToken);
            graph.Rewrite(ranges);
            File.WriteAllBytes(destination, model.ToByteArray());
        }
        finally
        {
            File.Delete(folded);
        }
    }

    /// <summary>The range of each activation over the images.</summary>
    private static Dictionary<string, (float Low, float High)> Calibrate(
        ModelProto model, IReadOnlyList<string> activations, IReadOnlyList<float[]> inputs, long[] shape, double clipped, CancellationToken cancellationToken)
    {
        ModelProto probe = model.Clone();
        probe.Graph.Output.Clear();
        string input = probe.Graph.Input[0].Name;
        string[] made = [.. activations.Where(name => name != input)];
        probe.Graph.Output.AddRange(made.Select(name => new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Float } },
        }));
        using SessionOptions options = OnnxRuntime.CreateOptions();
        using InferenceSession session = OnnxRuntime.Open(probe.ToByteArray(), options);
        using var run = new RunOptions();
        var ranges = activations.ToDictionary(name => name, _ => new Histogram());
        foreach (bool counts in (ReadOnlySpan<bool>)[false, true])
        {
            foreach (float[] image in inputs)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using OrtValue value = OrtValue.CreateTensorValueFromMemory(image, shape);
                ranges.GetValueOrDefault(input)?.Add(image, counts);
                using IDisposableReadOnlyCollection<OrtValue> results = session.Run(run, [input], [value], made);
                for (int i = 0; i < made.Length; i++)
                {
                    ranges[made[i]].Add(results[i].GetTensorDataAsSpan<float>(), counts);
                }
            }
        }

        return ranges.ToDictionary(range => range.Key, range => range.Value.Range(clipped));
    }

    private sealed class Histogram
    {
        private readonly long[] _bins = new long[Bins];
        private float _low, _high;

        public void Add(ReadOnlySpan<float> numbers, bool counts)
        {
            if (!counts)
            {
                (_low, _high) = (Math.Min(_low, TensorPrimitives.Min(numbers)), Math.Max(_high, TensorPrimitives.Max(numbers)));
                return;
            }

            float scale = Bins / Math.Max(_high - _low, float.Epsilon);
            foreach (float number in numbers)
            {
                _bins[Math.Clamp((int)((number - _low) * scale), 0, Bins - 1)]++;
            }
        }

        public (float Low, float High) Range(double clipped)
        {
            long all = _bins.Sum(), cut = (long)(all * clipped);
            int first = 0, last = Bins - 1;
            for (long left = cut; (left -= _bins[first]) >= 0; first++)
            {
            }

            for (long left = cut; (left -= _bins[last]) >= 0; last--)
            {
            }

            float width = (_high - _low) / Bins;
            return (Math.Min(0, _low + (first * width)), Math.Max(0, _low + ((last + 1) * width)));
        }
    }

    /// <summary>The graph while it is rewritten.</summary>
    private sealed class Rewriting
    {
        private readonly GraphProto _graph;
        private readonly Dictionary<string, TensorProto> _weights;
        private readonly Dictionary<string, (string Scale, string Zero, float Size)> _scales = [];
        private readonly HashSet<string> _activations = [];
        private readonly Dictionary<string, NodeProto> _clips = []; // by the output of the convolution before

        public Rewriting(GraphProto graph)
        {
            _graph = graph;
            _weights = graph.Initializer.ToDictionary(tensor => tensor.Name);
            ILookup<string, NodeProto> consumers = graph.Node.SelectMany(node => node.Input.Select(input => (input, node))).ToLookup(pair => pair.input, pair => pair.node);
            foreach (NodeProto node in graph.Node.Where(IsQuantized))
            {
                _activations.UnionWith(node.Input.Where(input => !_weights.ContainsKey(input)));
                string output = node.Output[0];
                if (consumers[output].ToArray() is [{ OpType: "Clip" or "Relu" } clip])
                {
                    _clips[output] = clip;
                    output = clip.Output[0];
                }

                _activations.Add(output);
            }
        }

        public IReadOnlyList<string> Activations => [.. _activations.Order(StringComparer.Ordinal)];

        private bool IsQuantized(NodeProto node) => node.OpType switch
        {
            "Conv" => _weights.TryGetValue(node.Input[1], out TensorProto? weights) && weights.DataType == (int)TensorProto.Types.DataType.Float,
            "Add" => !node.Input.Any(_weights.ContainsKey),
            _ => false,
        };

        public void Rewrite(Dictionary<string, (float Low, float High)> ranges)
        {
            foreach ((string name, (float low, float high)) in ranges)
            {
                float size = Math.Max((high - low) / byte.MaxValue, 1e-12f);
                byte zero = (byte)Math.Clamp(MathF.Round(-low / size), 0, byte.MaxValue);
                _scales[name] = (Single($"{name}.scale", [size]), Bytes($"{name}.zero", [zero], TensorProto.Types.DataType.Uint8), size);
            }

            NodeProto[] nodes = [.. _graph.Node];
            _graph.Node.Clear();
            HashSet<string> outputs = [.. _graph.Output.Select(output => output.Name)];
            foreach (string input in _graph.Input.Select(input => input.Name).Where(_activations.Contains))
            {
                Pass(input, input);
            }

            foreach (NodeProto node in nodes)
            {
                bool quantized = IsQuantized(node);
                for (int i = 0; i < node.Input.Count; i++)
                {
                    if (_activations.Contains(node.Input[i]))
                    {
                        node.Input[i] = Passed(node.Input[i]);
                    }
                }

                if (quantized && node.OpType == "Conv")
                {
                    Quantize(node);
                }

                _graph.Node.Add(node);
                foreach (string output in node.Output.Where(_activations.Contains).ToArray())
                {
                    if (outputs.Contains(output))
                    {
                        // What leaves the graph is what the next layer reads.
                        string raw = output + ".raw";
                        node.Output[node.Output.IndexOf(output)] = raw;
                        PassTo(output, raw, output);
                    }
                    else
                    {
                        Pass(output, output);
                    }
                }
            }

            HashSet<string> used = [.. _graph.Node.SelectMany(node => node.Input), .. outputs];
            TensorProto[] kept = [.. _graph.Initializer.Where(tensor => used.Contains(tensor.Name))];
            _graph.Initializer.Clear();
            _graph.Initializer.AddRange(kept);
            NodeProto[] rest = [.. _graph.Node];
            _graph.Node.Clear();
            Array.ForEach(kept, StoreAsHalf);
            _graph.Node.AddRange(rest);
        }

        /// <summary>Weights that came from float16 are stored as such again; the runtime widens them once, when it loads.</summary>
        private void StoreAsHalf(TensorProto tensor)
        {
            if (tensor.DataType != (int)TensorProto.Types.DataType.Float || tensor.RawData.Length < 1 << 16)
            {
                return;
            }

            ReadOnlySpan<float> numbers = MemoryMarshal.Cast<byte, float>(tensor.RawData.Span);
            var halves = new Half[numbers.Length];
            TensorPrimitives.ConvertToHalf(numbers, halves);
            for (int i = 0; i < halves.Length; i++)
            {
                if ((float)halves[i] != numbers[i])
                {
                    return;
                }
            }

            string name = tensor.Name;
            tensor.Name = $"{name}.half";
            tensor.DataType = (int)TensorProto.Types.DataType.Float16;
            tensor.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<Half>(halves));
            Node("Cast", name, [tensor.Name], OnnxAttribute.Integer("to", (int)TensorProto.Types.DataType.Float));
        }

        private string Passed(string name) => _graph.Output.Any(output => output.Name == name) ? name : name + ".passed";

        private void Pass(string activation, string from) => PassTo(activation, from, activation + ".passed");

        private void PassTo(string activation, string from, string to)
        {
            (string scale, string zero, _) = _scales[activation];
            string integers = activation + ".integers";
            Node("QuantizeLinear", integers, [from, scale, zero]);
            Node("DequantizeLinear", to, [integers, scale, zero]);
        }

        /// <summary>Gives a convolution weights of 8 bits by output channel and a bias of 32 bits.</summary>
        private void Quantize(NodeProto node)
        {
            TensorProto weights = _weights[node.Input[1]];
            ReadOnlySpan<float> numbers = MemoryMarshal.Cast<byte, float>(weights.RawData.Span);
            int channels = (int)weights.Dims[0], each = numbers.Length / channels;
            float[] sizes = new float[channels];
            sbyte[] rounded = new sbyte[numbers.Length];
            for (int channel = 0; channel < channels; channel++)
            {
                ReadOnlySpan<float> row = numbers.Slice(channel * each, each);
                float size = sizes[channel] = Math.Max(MathF.Abs(TensorPrimitives.MaxMagnitude(row)) / MostWeight, 1e-9f);
                for (int i = 0; i < each; i++)
                {
                    rounded[(channel * each) + i] = (sbyte)MathF.Round(row[i] / size);
                }
            }

            string name = node.Input[1];
            string scale = Single($"{name}.scale", sizes, channels), zero = Bytes($"{name}.zero", new byte[channels], TensorProto.Types.DataType.Int8, channels);
            string stored = Bytes($"{name}.integers", MemoryMarshal.AsBytes<sbyte>(rounded).ToArray(), TensorProto.Types.DataType.Int8, [.. weights.Dims.Select(size => (int)size)]);
            Node("DequantizeLinear", $"{name}.read", [stored, scale, zero], OnnxAttribute.Integer("axis", 0));
            node.Input[1] = $"{name}.read";
            if (node.Input.Count < 3)
            {
                return;
            }

            string bias = node.Input[2];
            ReadOnlySpan<float> offsets = MemoryMarshal.Cast<byte, float>(_weights[bias].RawData.Span);
            string passed = node.Input[0];
            float input = _scales[passed.EndsWith(".passed", StringComparison.Ordinal) ? passed[..^".passed".Length] : passed].Size;
            float[] steps = new float[channels];
            int[] whole = new int[channels];
            for (int channel = 0; channel < channels; channel++)
            {
                steps[channel] = input * sizes[channel];
                whole[channel] = (int)Math.Clamp(Math.Round((double)offsets[channel] / steps[channel]), int.MinValue, int.MaxValue);
            }

            string biasName = $"{node.Output[0]}.bias";
            string step = Single($"{biasName}.scale", steps, channels), none = Bytes($"{biasName}.zero", new byte[channels * 4], TensorProto.Types.DataType.Int32, channels);
            string sums = Bytes($"{biasName}.integers", MemoryMarshal.AsBytes<int>(whole).ToArray(), TensorProto.Types.DataType.Int32, channels);
            Node("DequantizeLinear", $"{biasName}.read", [sums, step, none], OnnxAttribute.Integer("axis", 0));
            node.Input[2] = $"{biasName}.read";
        }

        private void Node(string operation, string output, string[] inputs, params AttributeProto[] attributes)
        {
            var node = new NodeProto { OpType = operation, Name = output + ".node" };
            node.Input.AddRange(inputs);
            node.Output.Add(output);
            node.Attribute.AddRange(attributes);
            _graph.Node.Add(node);
        }

        private string Single(string name, float[] values, params int[] shape) => Bytes(name, MemoryMarshal.AsBytes<float>(values).ToArray(), TensorProto.Types.DataType.Float, shape);

        private string Bytes(string name, byte[] bytes, TensorProto.Types.DataType type, params int[] shape)
        {
            var tensor = new TensorProto { Name = name, DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
            tensor.Dims.AddRange(shape.Select(size => (long)size));
            _graph.Initializer.Add(tensor);
            return name;
        }
    }
}
