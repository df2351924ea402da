namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>Writes a language model as the onnx-community layout has it, <c>decoder_model_merged</c>: <c>inputs_embeds</c> [batch,
/// sequence, hidden], <c>attention_mask</c> [batch, total], a cache and <c>num_logits_to_keep</c> [] (0: all, else the last so many
/// positions) → <c>logits</c> and the longer cache.</summary>
internal sealed class DecoderGraph
{
    private readonly TransformerGraph _blocks;
    private readonly TextDecoder _decoder;
    private readonly DecoderAttention _attention;
    private readonly DeltaGraph _memory;

    private DecoderGraph(TextDecoder decoder, IWeightForm form, AttentionStyle style)
    {
        _decoder = decoder;
        _blocks = new TransformerGraph("decoder_model_merged", form);
        _attention = DecoderAttention.Create(style, _blocks, decoder.Shape);
        _memory = new DeltaGraph(_blocks);
    }

    public static TransformerGraph Write(TextDecoder decoder, IWeightForm form, AttentionStyle style) => new DecoderGraph(decoder, form, style).Write();

    private TransformerGraph Write()
    {
        DecoderShape shape = _decoder.Shape;
        string given = _blocks.FloatInput("inputs_embeds", ("batch_size", null), ("sequence_length", null), ("hidden_size", shape.InputWidth));
        _blocks.Graph.Input(_blocks.Graph.Claim("attention_mask"), DataType.Int64, ("batch_size", null), ("total_sequence_length", null));
        _attention.WriteInputs("inputs_embeds", "attention_mask");
        string start = FirstKept();
        string[] parts = Split(given);
        string x = parts[0];

        _blocks.Hidden.Add(x);
        string residual = x, h = _blocks.Normalize(_decoder.Layers[0].AttentionNorm, x);
        for (int i = 0; i < _decoder.Layers.Count; i++)
        {
            DecoderLayer layer = _decoder.Layers[i];
            string mixed = layer.Memory is { } memory ? _memory.Write(i, _decoder.Layers.Count, layer, memory, h) : Attend(i, layer, h);
            if (i == _decoder.Layers.Count - 1)
            {
                // From here on positions no longer meet: what nobody asked for need not be computed.
                (mixed, residual) = (Keep(mixed, start), Keep(residual, start));
            }

            string output = Normalize(layer.OutputNorm, Linear($"{layer.Name}.attention.output", layer.Output, mixed, LinearRole.TextAttention, i));
            (h, residual) = _blocks.AddAndNormalize(layer.MlpNorm, output, residual);
            string gate = _blocks.Activate($"{layer.Name}.mlp.activation", shape.Activation, Linear($"{layer.Name}.mlp.gate", layer.Gate, h, LinearRole.TextMlp, i));
            string up = Linear($"{layer.Name}.mlp.up", layer.Up, h, LinearRole.TextMlp, i);
            string down = Normalize(layer.DownNorm, Linear($"{layer.Name}.mlp.down", layer.Down, _blocks.Multiply($"{layer.Name}.mlp.gated", gate, up), LinearRole.TextMlp, i));
            if (i < shape.DeepStack)
            {
                string seen = i == _decoder.Layers.Count - 1 ? Keep(parts[1 + i], start) : parts[1 + i];
                down = _blocks.Add($"{layer.Name}.deepstack", down, seen);
            }

            (h, residual) = _blocks.AddAndNormalize(i + 1 < _decoder.Layers.Count ? _decoder.Layers[i + 1].AttentionNorm : _decoder.Norm, down, residual);
            _blocks.Hidden.Add(residual);
        }

        _blocks.Final = h;
        string logits = Linear("head", _decoder.Head, h, LinearRole.Vocabulary, _decoder.Layers.Count - 1);
        logits = shape.LogitCap is { } cap ? _blocks.Bound("head/bound", logits, cap) : logits;
        _blocks.FloatOutput("logits", logits, ("batch_size", null), ("logits_length", null), ("vocabulary", shape.Vocabulary));
        for (int i = 0; i < _decoder.Layers.Count; i++)
        {
            if (_decoder.Layers[i].Memory is { } memory)
            {
                _memory.WriteOutputs(i, memory);
            }
            else
            {
                _attention.WriteOutputs(i);
            }
        }

        return _blocks;
    }

    private string Attend(int index, DecoderLayer layer, string x)
    {
        string mixed = _attention.Write(index, _decoder.Layers.Count, layer, x);
        if (layer.AttentionGate is null)
        {
            return mixed;
        }

        string gate = Linear($"{layer.Name}.attention.gate", layer.AttentionGate, x, LinearRole.TextAttention, index);
        return _blocks.Multiply($"{layer.Name}.attention/gated", mixed, _blocks.Graph.Node("Sigmoid", _blocks.Graph.Claim($"{layer.Name}.attention/open"), [gate]));
    }

    private string Linear(string name, Projection projection, string x, LinearRole role, int depth) =>
        _blocks.Linear(name, projection, x, role, depth, _decoder.Layers.Count);

    private string Normalize(NormWeights? norm, string x) => norm is null ? x : _blocks.Normalize(norm, x);

    /// <summary>A token's embedding, and what is added behind the first layers.</summary>
    private string[] Split(string given)
    {
        if (_decoder.Shape.DeepStack == 0)
        {
            return [given];
        }

        string[] parts = [.. Enumerable.Range(0, 1 + _decoder.Shape.DeepStack).Select(i => _blocks.Graph.Claim($"inputs/part.{i}"))];
        string sizes = _blocks.Graph.Integers("inputs/sizes", [.. parts.Select(_ => (long)_decoder.Shape.Hidden)], parts.Length);
        _blocks.Graph.Node("Split", parts, [given, sizes], OnnxAttribute.Integer("axis", -1));
        return parts;
    }

    /// <summary>Where the kept positions start, counted from the end; 0 keeps all, for so much is -0.</summary>
    private string FirstKept()
    {
        OnnxGraph graph = _blocks.Graph;
        graph.Input(graph.Claim("num_logits_to_keep"), DataType.Int64);
        string negative = graph.Node("Neg", graph.Claim("kept/negative"), ["num_logits_to_keep"]);
        return _blocks.Reshape("kept/start", negative, 1);
    }

    private string Keep(string x, string start)
    {
        OnnxGraph graph = _blocks.Graph;
        return graph.Node(
            "Slice", graph.Claim($"{x}/kept"),
            [x, start, graph.Integers($"{x}/kept/end", [long.MaxValue], 1), graph.Integers($"{x}/kept/axis", [1], 1)]);
    }
}

/// <summary>Writes <c>embed_tokens</c> of the onnx-community layout: <c>input_ids</c> [batch, sequence] → <c>inputs_embeds</c>.</summary>
internal static class EmbeddingGraph
{
    public static TransformerGraph Write(TextDecoder decoder, IWeightForm form)
    {
        var blocks = new TransformerGraph("embed_tokens", form);
        blocks.Graph.Input(blocks.Graph.Claim("input_ids"), DataType.Int64, ("batch_size", null), ("sequence_length", null));
        string rows = blocks.Embedding(decoder.Embedding, "input_ids");
        rows = decoder.Shape.EmbeddingScale == 1 ? rows : blocks.Multiply("scaled", rows, blocks.Constant("scale", [decoder.Shape.EmbeddingScale]));
        if (decoder.Shape.DeepStack > 0)
        {
            string zeros = blocks.Graph.Integers("zeros", [0, 0, 0, 0, 0, decoder.Shape.InputWidth - decoder.Shape.Hidden], 6);
            rows = blocks.Graph.Node("Pad", blocks.Graph.Claim("padded"), [rows, zeros]);
        }

        blocks.FloatOutput("inputs_embeds", rows, ("batch_size", null), ("sequence_length", null), ("hidden_size", decoder.Shape.InputWidth));
        return blocks;
    }
}
