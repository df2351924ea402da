namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>Turns queries and keys by their positions with standard operators.</summary>
internal sealed class RotaryRotation
{
    private readonly TransformerGraph _blocks;
    private readonly int _headSize, _turned;
    private readonly string _cosines, _sines;

    /// <param name="cosines">Of each token's angles, with a dimension of 1 for the heads: [batch, sequence, 1, turned / 2].</param>
    /// <param name="sines">Likewise.</param>
    /// <param name="turned">How many of a head's first numbers are turned; null: all.</param>
    public RotaryRotation(TransformerGraph blocks, int headSize, string cosines, string sines, int? turned = null) =>
        (_blocks, _headSize, _cosines, _sines, _turned) = (blocks, headSize, cosines, sines, turned ?? headSize);

    /// <summary>Adds the input <c>position_ids</c>, [batch, sequence] or, where a head's angles follow time, row and column, [3,
    /// batch, sequence] (Wang et al., arXiv 2409.12191, multimodal rotary position embedding).</summary>
    /// <returns>The rotation, and that of layers that see a window where theirs is another one.</returns>
    public static (RotaryRotation Rotation, RotaryRotation? Window) ByPositions(TransformerGraph blocks, DecoderShape shape)
    {
        if (shape.RotarySections is not null)
        {
            return (BySections(blocks, shape), null);
        }

        blocks.Graph.Input(blocks.Graph.Claim("position_ids"), DataType.Int64, ("batch_size", null), ("sequence_length", null));
        return shape.WindowRotary is { } window
            ? (ByFrequencies(blocks, shape, shape.Rotary), ByFrequencies(blocks, shape, window))
            : (ByTable(blocks, shape), null);
    }

    /// <summary>Computes the angles: two tables for long contexts would be hundreds of megabytes.</summary>
    private static RotaryRotation ByFrequencies(TransformerGraph blocks, DecoderShape shape, RotaryTable rotary)
    {
        OnnxGraph graph = blocks.Graph;
        string positions = blocks.Cast("position_ids", graph.Claim("rotary/positions"), DataType.Float);
        string column = blocks.Reshape("rotary/column", positions, 0, -1, 1, 1); // [batch, sequence, 1, 1]
        string angles = blocks.Multiply("rotary/angles", column, graph.Singles("rotary.frequencies", rotary.Frequencies, rotary.Columns));
        return ByAngles(blocks, shape.HeadSize, angles, rotary.Magnitude);
    }

    private static RotaryRotation ByTable(TransformerGraph blocks, DecoderShape shape)
    {
        OnnxGraph graph = blocks.Graph;
        (string cosines, string sines) = RotaryGraph.Write(shape.Rotary, graph, blocks.Activations);
        return new RotaryRotation(blocks, shape.HeadSize, Angles("rotary.cosine", cosines), Angles("rotary.sine", sines));

        string Angles(string name, string table)
        {
            string rows = graph.Node("Gather", graph.Claim(name), [table, "position_ids"]); // [batch, sequence, headSize / 2]
            return graph.Node("Unsqueeze", graph.Claim($"{name}/heads"), [rows, graph.Integers($"{name}/axis", [2], 1)]);
        }
    }

    private static RotaryRotation BySections(TransformerGraph blocks, DecoderShape shape)
    {
        OnnxGraph graph = blocks.Graph;
        graph.Input(graph.Claim("position_ids"), DataType.Int64, ("axes", 3), ("batch_size", null), ("sequence_length", null));
        float[] frequencies = new float[3 * shape.Rotary.Columns];
        for (int i = 0; i < shape.Rotary.Columns; i++)
        {
            frequencies[(shape.RotaryAxis(i) * shape.Rotary.Columns) + i] = shape.Rotary.Frequencies[i];
        }

        // Each angle has one position that counts and two that are multiplied by 0. (No Transpose and MatMul: ONNX Runtime 1.31.1
        // dies in its NchwcTransformer over a Transpose of this input when it loads the graph.)
        string positions = blocks.Cast("position_ids", graph.Claim("rotary/positions"), DataType.Float);
        string column = graph.Node("Unsqueeze", graph.Claim("rotary/column"), [positions, graph.Integers("rotary/last", [3], 1)]); // [3, batch, sequence, 1]
        string parts = graph.Node("Mul", graph.Claim("rotary/parts"), [column, graph.Singles("rotary.frequencies", frequencies, 3, 1, 1, shape.Rotary.Columns)]);
        string angles = graph.Node(
            "ReduceSum", graph.Claim("rotary/angles"), [parts, graph.Integers("rotary/first", [0], 1)], OnnxAttribute.Integer("keepdims", 0)); // [batch, sequence, headSize / 2]
        return ByAngles(
            blocks, shape.HeadSize, graph.Node("Unsqueeze", graph.Claim("rotary/heads"), [angles, graph.Integers("rotary/axis", [2], 1)]), shape.Rotary.Magnitude, shape.RotarySize);
    }

    /// <summary>Turns by angles that the graph computes in float32.</summary>
    /// <param name="angles">[batch, sequence, 1, turned / 2].</param>
    /// <param name="magnitude">What cosines and sines are multiplied by.</param>
    /// <param name="turned">How many of a head's first numbers are turned; null: all.</param>
    public static RotaryRotation ByAngles(TransformerGraph blocks, int headSize, string angles, double magnitude = 1, int? turned = null)
    {
        return new RotaryRotation(blocks, headSize, Of("Cos"), Of("Sin"), turned);

        string Of(string function)
        {
            string values = blocks.Graph.Node(function, blocks.Graph.Claim($"rotary/{function}"), [angles]);
            if (magnitude != 1)
            {
                values = blocks.Multiply($"rotary/{function}/stretched", values, blocks.Graph.Singles($"rotary.{function}.magnitude", [(float)magnitude], 1));
            }

            return blocks.Activations == DataType.Float ? values : blocks.Cast(values, blocks.Graph.Claim($"rotary/{function}/inside"), blocks.Activations);
        }
    }

    /// <summary>[batch, sequence, heads · headSize] → [batch, sequence, heads, headSize], turned.</summary>
    public string Rotate(string name, string x, int heads)
    {
        OnnxGraph graph = _blocks.Graph;
        string first = graph.Claim($"{name}/first"), second = graph.Claim($"{name}/second"), split = _blocks.Reshape($"{name}/heads", x, 0, 0, heads, _headSize);
        string[] rest = _turned == _headSize ? [] : [graph.Claim($"{name}/rest")];
        long[] sizes = [_turned / 2, _turned / 2, .. rest.Select(_ => (long)_headSize - _turned)];
        graph.Node("Split", [first, second, .. rest], [split, graph.Integers($"{name}/sizes", sizes, sizes.Length)], OnnxAttribute.Integer("axis", -1));
        string low = graph.Node(
            "Sub", graph.Claim($"{name}/low"), [_blocks.Multiply($"{name}/first/cosine", first, _cosines), _blocks.Multiply($"{name}/second/sine", second, _sines)]);
        string high = _blocks.Add(
            $"{name}/high", _blocks.Multiply($"{name}/second/cosine", second, _cosines), _blocks.Multiply($"{name}/first/sine", first, _sines));
        return _blocks.Concatenate($"{name}/rotated", -1, [low, high, .. rest]);
    }
}

/// <summary>The cosines and the sines of all positions as weights of a graph.</summary>
internal static class RotaryGraph
{
    /// <summary>Adds them, each [rows, columns], and returns their names.</summary>
    public static (string Cosines, string Sines) Write(RotaryTable table, OnnxGraph graph, DataType type) =>
        (Write(table, graph, "rotary.cosines", type, Math.Cos), Write(table, graph, "rotary.sines", type, Math.Sin));

    private static string Write(RotaryTable table, OnnxGraph graph, string name, DataType type, Func<double, double> function)
    {
        bool isHalf = type == DataType.Float16;
        return graph.Deferred(name, type, [table.Rows, table.Columns], (long)table.Rows * table.Columns * (isHalf ? 2 : sizeof(float)), stream =>
        {
            float[] values = new float[table.Columns];
            Half[] halves = new Half[table.Columns];
            for (int row = 0; row < table.Rows; row++)
            {
                for (int i = 0; i < table.Columns; i++)
                {
                    values[i] = (float)(function(row * table.Frequencies[i]) * table.Magnitude);
                    halves[i] = (Half)values[i];
                }

                stream.Write(isHalf ? MemoryMarshal.AsBytes<Half>(halves) : MemoryMarshal.AsBytes<float>(values));
            }
        });
    }
}
