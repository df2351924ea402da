using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// InternLM2 (Cai et al., arXiv 2403.17297) in its own layout: queries, keys and values in one matrix whose rows stand in
/// groups, for each key head its queries, itself and its value.
/// </summary>
internal sealed class InternLM2Text : ITextFamily
{
    public TextDecoder Read(TextSource source)
    {
        source.RequireSilu();
        DecoderShape shape = source.Shape;
        bool hasBias = CheckpointJson.OptionalBoolean(source.Config, "bias", source.Where) ?? true; // the reference's default
        var layers = new List<DecoderLayer>(source.Layers);
        for (int i = 0; i < source.Layers; i++)
        {
            string name = $"layers.{i}";
            Projection together = source.Project($"{name}.attention.wqkv", (shape.Heads + (2 * shape.KeyValueHeads)) * shape.HeadSize, shape.Hidden, hasBias);
            int shared = shape.Heads / shape.KeyValueHeads;
            layers.Add(new DecoderLayer
            {
                Name = name,
                AttentionNorm = source.Norm($"{name}.attention_norm", shape.Hidden),
                Query = Gather(together, $"{name}.attention.query", shape, 0, shared),
                Key = Gather(together, $"{name}.attention.key", shape, shared, 1),
                Value = Gather(together, $"{name}.attention.value", shape, shared + 1, 1),
                Output = source.Project($"{name}.attention.wo", shape.Hidden, shape.Heads * shape.HeadSize, hasBias),
                MlpNorm = source.Norm($"{name}.ffn_norm", shape.Hidden),
                Gate = source.Project($"{name}.feed_forward.w1", shape.Intermediate, shape.Hidden, hasBias: false),
                Up = source.Project($"{name}.feed_forward.w3", shape.Intermediate, shape.Hidden, hasBias: false),
                Down = source.Project($"{name}.feed_forward.w2", shape.Hidden, shape.Intermediate, hasBias: false),
            });
        }

        WeightMatrix embedding = source.Table("tok_embeddings");
        return new TextDecoder(shape, embedding, layers, source.Norm("norm", shape.Hidden), source.Head("output", embedding));
    }

    /// <summary>Some heads of every group, one group behind the other.</summary>
    private static Projection Gather(Projection together, string name, DecoderShape shape, int first, int heads)
    {
        int group = ((shape.Heads / shape.KeyValueHeads) + 2) * shape.HeadSize;
        return Projection.Stack(name, [.. Enumerable.Range(0, shape.KeyValueHeads).Select(i =>
            together.Slice(name, (i * group) + (first * shape.HeadSize), heads * shape.HeadSize))]);
    }
}
