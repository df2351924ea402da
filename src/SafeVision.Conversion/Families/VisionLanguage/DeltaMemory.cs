namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>A memory of fixed size in place of attention: the gated delta rule (Yang et al., arXiv 2412.06464) behind a short
/// convolution over queries, keys and values. Per head it holds a matrix [keySize, valueSize], which fades, and learns the
/// difference between a value and what it gives for its key.</summary>
internal sealed record DeltaMemory
{
    /// <summary>Heads of queries and of keys; each serves as many neighbouring heads of values.</summary>
    public required int KeyHeads { get; init; }

    public required int ValueHeads { get; init; }
    public required int KeySize { get; init; }
    public required int ValueSize { get; init; }

    /// <summary>How many tokens the convolution sees, itself included.</summary>
    public required int Taps { get; init; }

    /// <summary>[channels, taps]: over queries, keys and values.</summary>
    public required float[] Kernel { get; init; }

    /// <summary>From a token to how fast each head fades and to how much it learns, [2 · valueHeads, hidden].</summary>
    public required Projection Rates { get; init; }

    /// <summary>Added to how fast a head fades.</summary>
    public required float[] FadeBias { get; init; }

    /// <summary>What the softplus of that is multiplied by: numbers below 0.</summary>
    public required float[] FadeScale { get; init; }

    /// <summary>Over each head's result.</summary>
    public required NormWeights Norm { get; init; }

    /// <summary>What the normalised result is multiplied by the SiLU of, [valueHeads · valueSize, hidden].</summary>
    public required Projection Gate { get; init; }

    /// <summary>Of queries and keys together, and of values.</summary>
    public int Channels => (2 * KeyHeads * KeySize) + (ValueHeads * ValueSize);

    private int Shared => ValueHeads / KeyHeads;

    /// <summary>A head's vector of length 1 times a factor, as a norm: 1e-6 stands beside the sum of squares, not beside their mean.</summary>
    public NormWeights Length(string name, double factor) => new(name, [.. Enumerable.Repeat((float)(factor / Math.Sqrt(KeySize)), KeySize)], null, 1e-6 / KeySize);

    /// <summary>What the layer makes of tokens before its output projection, as a reference, token by token: [tokens, valueHeads · valueSize].</summary>
    public float[] Remember(DecoderLayer layer, float[] x)
    {
        float[] q = ReferenceTransformer.Linear(layer.Query, x), k = ReferenceTransformer.Linear(layer.Key, x), v = ReferenceTransformer.Linear(layer.Value, x);
        int tokens = q.Length / (KeyHeads * KeySize), keys = KeyHeads * KeySize, values = ValueHeads * ValueSize;
        (q, k, v) = (Convolve(q, 0), Convolve(k, keys), Convolve(v, 2 * keys));
        ReferenceTransformer.Normalize(Length("query", 1 / Math.Sqrt(KeySize)), q);
        ReferenceTransformer.Normalize(Length("key", 1), k);
        float[] rates = ReferenceTransformer.Linear(Rates, x), mixed = new float[tokens * values];
        for (int head = 0; head < ValueHeads; head++)
        {
            double[,] memory = new double[KeySize, ValueSize];
            for (int token = 0; token < tokens; token++)
            {
                int key = (token * keys) + (head / Shared * KeySize), value = (token * values) + (head * ValueSize);
                double fade = Math.Exp(FadeScale[head] * SoftPlus(rates[(token * 2 * ValueHeads) + head] + FadeBias[head]));
                double learn = 1 / (1 + Math.Exp(-rates[(((token * 2) + 1) * ValueHeads) + head]));
                for (int j = 0; j < ValueSize; j++)
                {
                    double known = 0, given = 0;
                    for (int i = 0; i < KeySize; i++)
                    {
                        known += (memory[i, j] *= fade) * k[key + i];
                    }

                    for (int i = 0; i < KeySize; i++)
                    {
                        given += (memory[i, j] += k[key + i] * learn * (v[value + j] - known)) * q[key + i];
                    }

                    mixed[value + j] = (float)given;
                }
            }
        }

        ReferenceTransformer.Normalize(Norm, mixed);
        float[] gate = ReferenceTransformer.Linear(Gate, x);
        ReferenceTransformer.Activate(Activation.Silu, gate);
        System.Numerics.Tensors.TensorPrimitives.Multiply(mixed, gate, mixed);
        return mixed;

        float[] Convolve(float[] part, int first)
        {
            int width = part.Length / tokens;
            float[] sums = new float[part.Length];
            for (int i = 0; i < part.Length; i++)
            {
                (int token, int channel) = Math.DivRem(i, width);
                double sum = 0;
                for (int tap = Math.Max(0, Taps - 1 - token); tap < Taps; tap++)
                {
                    sum += Kernel[((first + channel) * Taps) + tap] * part[((token - Taps + 1 + tap) * width) + channel];
                }

                sums[i] = (float)sum;
            }

            ReferenceTransformer.Activate(Activation.Silu, sums);
            return sums;
        }
    }

    private static double SoftPlus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));
}

/// <summary>A gated delta memory as nodes of a graph, by ONNX Runtime's CausalConvWithState, LinearAttention and GatedRMSNorm. What
/// a layer remembers of the tokens so far are two inputs, <c>past_key_values.N.conv_state</c> [batch, channels, taps - 1] (the
/// convolution's last inputs, the oldest first) and <c>.recurrent_state</c> [batch, valueHeads, keySize, valueSize], and two
/// outputs. There is no padding: all tokens of a row count.</summary>
internal sealed class DeltaGraph(TransformerGraph blocks)
{
    private OnnxGraph Graph => blocks.Graph;

    /// <summary>[batch, sequence, hidden] → [batch, sequence, valueHeads · valueSize].</summary>
    public string Write(int index, int layers, DecoderLayer layer, DeltaMemory memory, string x)
    {
        string name = $"{layer.Name}.memory", past = $"past_key_values.{index}", present = $"present.{index}";
        Graph.Input(Graph.Claim($"{past}.conv_state"), blocks.Activations, Taps(memory));
        Graph.Input(Graph.Claim($"{past}.recurrent_state"), DataType.Float, State(memory));
        Projection together = Projection.Stack($"{name}.qkv", layer.Query, layer.Key, layer.Value);
        string projected = blocks.Linear($"{name}.qkv", together, x, LinearRole.TextAttention, index, layers);
        string turned = blocks.Transpose($"{name}/channels", projected, 0, 2, 1); // [batch, channels, sequence]
        string convolved = Graph.Claim($"{name}/convolved"), kernel = blocks.Constant($"{name}.kernel", memory.Kernel, memory.Channels, 1, memory.Taps);
        Graph.RuntimeNode(
            "CausalConvWithState", [convolved, Graph.Claim($"{present}.conv_state")], [turned, kernel, "", $"{past}.conv_state"], OnnxAttribute.Text("activation", "silu"));
        string[] parts = [Graph.Claim($"{name}/query"), Graph.Claim($"{name}/key"), Graph.Claim($"{name}/value")];
        int keys = memory.KeyHeads * memory.KeySize, values = memory.ValueHeads * memory.ValueSize;
        Graph.Node(
            "Split", parts, [blocks.Transpose($"{name}/tokens", convolved, 0, 2, 1), Graph.Integers($"{name}/sizes", [keys, keys, values], 3)], OnnxAttribute.Integer("axis", -1));
        string query = ByLength(memory.Length($"{name}.query", 1 / Math.Sqrt(memory.KeySize)), parts[0], memory, 1);
        string key = ByLength(memory.Length($"{name}.key", 1), parts[1], memory, memory.ValueHeads / memory.KeyHeads);

        (string fade, string learn) = Rates(name, memory, x);
        string mixed = Graph.Claim($"{name}/mixed");
        Graph.RuntimeNode(
            "LinearAttention", [mixed, Graph.Claim($"{present}.recurrent_state")], [query, key, parts[2], $"{past}.recurrent_state", fade, learn],
            OnnxAttribute.Integer("q_num_heads", memory.KeyHeads), OnnxAttribute.Integer("kv_num_heads", memory.ValueHeads),
            OnnxAttribute.Text("update_rule", "gated_delta"), OnnxAttribute.Number("scale", 1));
        string gate = blocks.Linear($"{name}.gate", memory.Gate, x, LinearRole.TextAttention, index, layers);
        string scale = blocks.Constant($"{memory.Norm.Name}.weight", memory.Norm.Weight);
        return Graph.RuntimeNode("GatedRMSNorm", Graph.Claim(name), [mixed, scale, gate], OnnxAttribute.Number("epsilon", memory.Norm.Epsilon));
    }

    public void WriteOutputs(int index, DeltaMemory memory)
    {
        Graph.Output($"present.{index}.conv_state", blocks.Activations, Taps(memory));
        Graph.Output($"present.{index}.recurrent_state", DataType.Float, State(memory));
    }

    /// <summary>How fast each head fades, as a logarithm, and how much it learns, [batch, sequence, valueHeads] each; never rounded to few bits.</summary>
    private (string Fade, string Learn) Rates(string name, DeltaMemory memory, string x)
    {
        string weight = blocks.Kernel($"{name}.rates.weight", memory.Rates.Weight, memory.Rates.Features, memory.Rates.Weight.Columns);
        string rates = Graph.RuntimeNode("FusedMatMul", Graph.Claim($"{name}.rates"), [x, weight], OnnxAttribute.Integer("transB", 1));
        string[] parts = [Graph.Claim($"{name}/rates/fade"), Graph.Claim($"{name}/rates/learn")];
        Graph.Node("Split", parts, [rates], OnnxAttribute.Integer("axis", -1), OnnxAttribute.Integer("num_outputs", 2));
        string fade = Graph.Claim($"{name}/fade"), learn = Graph.Claim($"{name}/learn");
        Graph.RuntimeNode(
            "LinearAttentionGate", [fade, learn],
            [parts[0], Graph.Singles($"{name}.fade.bias", memory.FadeBias, memory.ValueHeads), Graph.Singles($"{name}.fade.scale", memory.FadeScale, memory.ValueHeads), parts[1]]);
        return (fade, learn);
    }

    /// <summary>Brings each head to its length; each stands as many times as heads of values share it.</summary>
    private string ByLength(NormWeights norm, string x, DeltaMemory memory, int times)
    {
        string heads = blocks.Normalize(norm, blocks.Reshape($"{norm.Name}/heads", x, 0, 0, memory.KeyHeads, memory.KeySize));
        heads = times == 1 ? heads : blocks.Concatenate($"{norm.Name}/shared", 3, [.. Enumerable.Repeat(heads, times)]); // one behind the other: neighbouring heads
        return blocks.Reshape($"{norm.Name}/joined", heads, 0, 0, (long)memory.KeyHeads * times * memory.KeySize);
    }

    private static (string, int?)[] Taps(DeltaMemory memory) => [("batch_size", null), ("channels", memory.Channels), ("taps", memory.Taps - 1)];

    private static (string, int?)[] State(DeltaMemory memory) =>
        [("batch_size", null), ("value_heads", memory.ValueHeads), ("key_size", memory.KeySize), ("value_size", memory.ValueSize)];
}
