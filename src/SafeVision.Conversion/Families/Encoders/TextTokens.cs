using System.Numerics.Tensors;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Onnx;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>A text as tokens, each with its place added: <c>input_ids</c> [batch, tokens].</summary>
/// <param name="Table">[vocabulary, width].</param>
/// <param name="Positions">[most tokens, width].</param>
/// <param name="IsOpen">Whether a text may be shorter.</param>
/// <param name="End">The token that ends a text in the checks; null: none.</param>
internal sealed record TextTokens(WeightMatrix Table, float[] Positions, bool IsOpen, int? End) : IEncoderEmbedding
{
    public const string Name = "input_ids";

    private const int ProbeTokens = 9;

    public int Longest => Positions.Length / Table.Columns;

    public int Tokens => IsOpen ? Math.Min(ProbeTokens, Longest) : Longest;

    public string Write(TransformerGraph blocks)
    {
        OnnxGraph graph = blocks.Graph;
        graph.Input(graph.Claim(Name), DataType.Int64, ("batch_size", null), ("sequence_length", IsOpen ? null : Longest));
        string places = blocks.Constant("positions", Positions, Longest, Table.Columns);
        if (IsOpen)
        {
            string count = blocks.Reshape("positions/count", blocks.SizeOf("positions/length", Name, 1), 1);
            places = graph.Node("Slice", graph.Claim("positions/first"), [places, graph.Integers("positions/start", [0], 1), count, graph.Integers("positions/axis", [0], 1)]);
        }

        return blocks.Add("tokens", blocks.Embedding(Table, Name), places);
    }

    public IReadOnlyDictionary<string, VisionInput> Probe(ulong seed)
    {
        var random = new Random((int)seed);
        float[] ids = [.. Enumerable.Range(0, Tokens).Select(_ => (float)random.Next(Table.Rows))];
        if (End is { } end && end < Table.Rows)
        {
            ids[^2] = end; // not the last, so that where the text is pooled can be told from its end
        }

        return new Dictionary<string, VisionInput> { [Name] = new([1, ids.Length], ids) };
    }

    public float[] Compute(IReadOnlyDictionary<string, VisionInput> inputs)
    {
        float[] ids = inputs[Name].Numbers, tokens = new float[ids.Length * Table.Columns];
        for (int i = 0; i < ids.Length; i++)
        {
            Table.ReadRows((int)ids[i], tokens.AsSpan(i * Table.Columns, Table.Columns));
        }

        TensorPrimitives.Add(tokens, Positions.AsSpan(0, tokens.Length), tokens);
        return tokens;
    }
}
