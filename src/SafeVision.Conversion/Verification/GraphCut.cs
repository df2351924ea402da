using Google.Protobuf;
using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Verification;

/// <summary>
/// Part of a written graph as a model of its own, so that one layer of a model larger than memory can be run: it reads the
/// weights that it needs from the file that was written.
/// </summary>
internal static class GraphCut
{
    /// <summary>The part from some values of a graph to another.</summary>
    /// <param name="graph">The graph, already written.</param>
    /// <param name="type">The type of the two values.</param>
    /// <param name="start">A value that the part takes instead of computing it; null: it starts at the graph's inputs.</param>
    /// <param name="end">The value that the part yields.</param>
    public static byte[] Cut(OnnxGraph graph, TensorProto.Types.DataType type, string? start, string end)
    {
        var makers = graph.Proto.Node.SelectMany(node => node.Output.Select(output => (output, node))).Where(pair => pair.output.Length > 0).ToDictionary();
        var needed = new HashSet<string>(StringComparer.Ordinal);
        var nodes = new HashSet<NodeProto>(ReferenceEqualityComparer.Instance);
        var open = new Stack<string>([end]);
        while (open.TryPop(out string? value))
        {
            if (needed.Add(value) && value != start && makers.TryGetValue(value, out NodeProto? node) && nodes.Add(node))
            {
                foreach (string input in node.Input)
                {
                    open.Push(input);
                }
            }
        }

        var part = new GraphProto { Name = graph.Proto.Name };
        part.Node.AddRange(graph.Proto.Node.Where(nodes.Contains));
        part.Initializer.AddRange(graph.Proto.Initializer.Where(initializer => needed.Contains(initializer.Name)));
        part.Input.AddRange(graph.Proto.Input.Where(input => needed.Contains(input.Name)));
        if (start is not null)
        {
            part.Input.Add(Value(start, type));
        }

        part.Output.Add(graph.Proto.Output.FirstOrDefault(output => output.Name == end) ?? Value(end, type));
        // The caches on the way stay outputs of stated shapes, for else ONNX Runtime may take one for as long as the cache it grew from.
        part.Output.AddRange(graph.Proto.Output.Where(output => output.Name != end && makers.TryGetValue(output.Name, out NodeProto? maker) && nodes.Contains(maker)));
        return graph.ToModel("", "", part).ToByteArray();
    }

    private static ValueInfoProto Value(string name, TensorProto.Types.DataType type) =>
        new() { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type } } };
}
