using Microsoft.ML.OnnxRuntime.Tensors;

namespace SafeVision.Conversion.Verification;

/// <summary>One graph, or part of one, on ONNX Runtime, with inputs by name and results as float32.</summary>
internal sealed class GraphRun : IDisposable
{
    private readonly string _path;
    private readonly InferenceSession _session;

    private GraphRun(string path, InferenceSession session) => (_path, _session) = (path, session);

    public IReadOnlyDictionary<string, NodeMetadata> Inputs => _session.InputMetadata;

    /// <param name="part">A part of it to run instead, whose weights lie where the file's do; null: the file itself.</param>
    /// <param name="prepacks">Whether weights are laid out anew for speed, as a host does it: blocks are multiplied in int8 only then.</param>
    /// <exception cref="CheckpointException">ONNX Runtime refuses it.</exception>
    public static GraphRun Open(string path, byte[]? part = null, bool prepacks = false)
    {
        using SessionOptions options = OnnxRuntime.CreateOptions(); // says which package is missing when the native library is
        options.EnableMemoryPattern = false;
        options.AddSessionConfigEntry("session.disable_prepacking", prepacks ? "0" : "1"); // weights are used once or twice: leave them in the file
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"); // other work of a conversion goes on at the same time
        options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", Path.GetDirectoryName(path)!);
        return Guard(path, () => new GraphRun(path, part is null ? OnnxRuntime.Open(path, options) : OnnxRuntime.Open(part, options)));
    }

    /// <summary>Runs; the values of <paramref name="inputs"/> stay the caller's.</summary>
    /// <param name="inputs">The inputs by name.</param>
    /// <param name="outputs">The results wanted; null: all, in the graph's order.</param>
    /// <exception cref="CheckpointException">The run fails.</exception>
    public IDisposableReadOnlyCollection<OrtValue> Run(
        IReadOnlyDictionary<string, OrtValue> inputs, CancellationToken cancellationToken, IReadOnlyList<string>? outputs = null)
    {
        using var options = new RunOptions();
        IDisposableReadOnlyCollection<OrtValue>? results = null;
        return Guard(_path, () =>
        {
            ModelSession.Run(options, 0, (run, _) => results = _session.Run(run, [.. inputs.Keys], [.. inputs.Values], outputs ?? [.. _session.OutputMetadata.Keys]), cancellationToken);
            return results!;
        });
    }

    /// <summary>The same where only the first result is wanted.</summary>
    public float[] RunForFirst(IReadOnlyDictionary<string, OrtValue> inputs, CancellationToken cancellationToken)
    {
        using IDisposableReadOnlyCollection<OrtValue> results = Run(inputs, cancellationToken);
        return Singles(results[0]);
    }

    /// <summary>Some results by name, of a graph that has several.</summary>
    public IReadOnlyList<float[]> RunFor(IReadOnlyList<string> outputs, IReadOnlyDictionary<string, OrtValue> inputs, CancellationToken cancellationToken)
    {
        using IDisposableReadOnlyCollection<OrtValue> results = Run(inputs, cancellationToken, outputs);
        return [.. results.Select(Singles)];
    }

    /// <summary>The same for inputs of numbers.</summary>
    public float[] RunForFirst(IReadOnlyDictionary<string, VisionInput> inputs, CancellationToken cancellationToken)
    {
        Dictionary<string, OrtValue> values = Values(inputs);
        try
        {
            return RunForFirst(values, cancellationToken);
        }
        finally
        {
            values.Values.ToList().ForEach(value => value.Dispose());
        }
    }

    /// <summary>What the graph takes of some inputs; the caller disposes of the values. Exports differ in whether images have a dimension of their own in front of their tiles.</summary>
    public Dictionary<string, OrtValue> Values(IReadOnlyDictionary<string, VisionInput> inputs) => Inputs.Keys.ToDictionary(
        name => name,
        name => Value(name, inputs[name].Numbers, [.. Enumerable.Repeat(1L, Math.Max(0, Inputs[name].Dimensions.Length - inputs[name].Shape.Length)), .. inputs[name].Shape.Select(size => (long)size)]));

    /// <summary>Numbers in the type that an input takes.</summary>
    public OrtValue Value(string input, float[] numbers, params long[] shape) => _session.InputMetadata[input].ElementDataType switch
    {
        TensorElementType.Float16 => OrtValue.CreateTensorValueFromMemory<Float16>([.. numbers.Select(number => (Float16)number)], shape),
        TensorElementType.Int64 => OrtValue.CreateTensorValueFromMemory<long>([.. numbers.Select(number => (long)number)], shape),
        TensorElementType.Bool => OrtValue.CreateTensorValueFromMemory<bool>([.. numbers.Select(number => number != 0)], shape),
        _ => OrtValue.CreateTensorValueFromMemory(numbers, shape),
    };

    public static float[] Singles(OrtValue value)
    {
        if (value.GetTensorTypeAndShape().ElementDataType != TensorElementType.Float16)
        {
            return value.GetTensorDataAsSpan<float>().ToArray();
        }

        ReadOnlySpan<Half> halves = System.Runtime.InteropServices.MemoryMarshal.Cast<Float16, Half>(value.GetTensorDataAsSpan<Float16>());
        float[] numbers = new float[halves.Length];
        TensorPrimitives.ConvertToSingle(halves, numbers);
        return numbers;
    }

    public void Dispose() => _session.Dispose();

    private static T Guard<T>(string path, Func<T> run)
    {
        try
        {
            return run();
        }
        catch (OnnxRuntimeException exception)
        {
            throw new CheckpointException($"{path}: ONNX Runtime does not run the converted graph. {exception.Message}", exception);
        }
    }
}

/// <summary>A graph that was written to a file.</summary>
internal sealed record WrittenGraph(string Path, TransformerGraph Blocks)
{
    public long WeightBytes => Blocks.Graph.DeferredTensors.Sum(tensor => tensor.Length);

    /// <summary>Whether some weights are blocks. Without being laid out anew for speed they are widened to float32 whole in each run.</summary>
    public bool HasBlocks => Blocks.Graph.Proto.Node.Any(node => node.OpType == "MatMulNBits");

    /// <summary>Numbers that it yielded, which must be finite.</summary>
    /// <exception cref="CheckpointException">One is not.</exception>
    public float[] Finite(float[] numbers) => TensorPrimitives.IsFiniteAll<float>(numbers)
        ? numbers
        : throw new CheckpointException($"{Path}: yields NaN or infinite numbers; the weights may be damaged, or too large for this precision.");

    /// <summary>The part from some values, or from the inputs, to another.</summary>
    public byte[] Cut(IReadOnlyList<string> starts, string end) => GraphCut.Cut(Blocks.Graph, Blocks.Activations, starts, end);
}

/// <summary>Part of a written graph as a model of its own, so that one layer of a model larger than memory can be run: it reads the
/// weights that it needs from the file that was written.</summary>
internal static class GraphCut
{
    /// <summary>The part from some values of a graph to another.</summary>
    /// <param name="starts">Values that the part takes instead of computing them; none: it starts at the graph's inputs.</param>
    public static byte[] Cut(OnnxGraph graph, TensorProto.Types.DataType type, IReadOnlyList<string> starts, string end)
    {
        (IReadOnlyList<NodeProto> nodes, IReadOnlySet<string> needed) = Needed(graph.Proto, starts, [end]);
        HashSet<string> made = [.. nodes.SelectMany(node => node.Output)];
        var part = new GraphProto { Name = graph.Proto.Name };
        part.Node.AddRange(nodes);
        part.Initializer.AddRange(graph.Proto.Initializer.Where(initializer => needed.Contains(initializer.Name)));
        part.Input.AddRange(graph.Proto.Input.Where(input => needed.Contains(input.Name)));
        part.Input.AddRange(starts.Select(start => Value(start, type)));

        part.Output.Add(graph.Proto.Output.FirstOrDefault(output => output.Name == end) ?? Value(end, type));
        // The caches on the way stay outputs of stated shapes, for else ONNX Runtime may take one for as long as the cache it grew from.
        part.Output.AddRange(graph.Proto.Output.Where(output => output.Name != end && made.Contains(output.Name)));
        return OnnxGraph.ToModel("", "", part).ToByteArray();
    }

    /// <summary>The nodes that compute some values, in the graph's order, and the names of those values and of all that the nodes read.</summary>
    /// <param name="starts">Values that are given, so that no node is needed for them.</param>
    public static (IReadOnlyList<NodeProto> Nodes, IReadOnlySet<string> Names) Needed(GraphProto graph, IReadOnlyList<string> starts, IReadOnlyList<string> ends)
    {
        HashSet<string> names = [.. ends];
        var nodes = new List<NodeProto>();
        foreach (NodeProto node in Enumerable.Reverse(graph.Node)) // consumers stand behind what they consume
        {
            if (node.Output.Any(output => output.Length > 0 && names.Contains(output) && !starts.Contains(output)))
            {
                nodes.Add(node);
                names.UnionWith(node.Input);
            }
        }

        nodes.Reverse();
        return (nodes, names);
    }

    private static ValueInfoProto Value(string name, TensorProto.Types.DataType type) =>
        new() { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type } } };
}
