using Microsoft.ML.OnnxRuntime.Tensors;
using SafeVision.Inference;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Inference;

public sealed class OnnxHeaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_header_says_what_the_graph_takes_and_gives()
    {
        OnnxHeader header = OnnxHeader.Read(Path.Combine(AppContext.BaseDirectory, "Fixtures/decoder/decoder_model_merged.onnx"));

        Assert.Equal(17, header.Opsets[""]);
        Assert.Equal(
            ["inputs_embeds", "attention_mask", "position_ids", "past_key_values.0.key", "past_key_values.0.value", "past_key_values.1.key", "past_key_values.1.value"],
            header.Inputs.Select(input => input.Name));
        Assert.Equal(["logits", "present.0.key", "present.0.value", "present.1.key", "present.1.value"], header.Outputs.Select(output => output.Name));
        Assert.Equal((TensorElementType.Float, "Float [-1, 2, -1, 16]"), (header.Inputs[3].Type, header.Inputs[3].Form));
        Assert.Equal(TensorElementType.Int64, header.Inputs[1].Type);
        Assert.Empty(header.ExternalFiles);
        Assert.Empty(header.GroupQueryAttentions);
    }

    [Fact]
    public void Graphs_inside_graphs_attention_and_weights_elsewhere_are_seen()
    {
        OnnxHeader header = OnnxHeader.Read(_folder.Write("rich.onnx", Rich()));

        Assert.Equal(new OnnxGroupQueryAttention("past.k", "past.v", "present.k", "present.v", 14, 2), Assert.Single(header.GroupQueryAttentions));
        Assert.Equal([("a.onnx_data", 100 + 36L), ("b.onnx_data", 24L)], header.ExternalFiles.Select(file => (file.Location, file.Bytes)));
        Assert.Equal(1, header.Opsets["com.microsoft"]);
    }

    [Fact]
    public void Weights_inside_a_file_of_gigabytes_are_not_read()
    {
        // Field 7 (graph) { 5 (initializer) { 9 (raw data): three GiB }, 11 (input) { 1 (name): "x" } }.
        const long Payload = 3L << 30;
        byte[] dataTag = [(9 << 3) | 2, .. Varint(Payload)];
        byte[] tensorTag = [(5 << 3) | 2, .. Varint(dataTag.Length + Payload)];
        byte[] input = [(11 << 3) | 2, 3, (1 << 3) | 2, 1, (byte)'x'];
        byte[] start = [(7 << 3) | 2, .. Varint(tensorTag.Length + dataTag.Length + Payload + input.Length), .. tensorTag, .. dataTag];
        string path = Path.Combine(_folder.Path, "large.onnx");
        using (FileStream file = File.Create(path))
        {
            file.Write(start);
            file.Position = start.Length + Payload; // a hole, which takes no room on the disk
            file.Write(input);
        }

        var clock = System.Diagnostics.Stopwatch.StartNew();
        OnnxHeader header = OnnxHeader.Read(path);

        Assert.Equal("x", Assert.Single(header.Inputs).Name);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"took {clock.Elapsed}");
    }

    [Fact]
    public void Damaged_files_are_refused_and_nothing_else_happens()
    {
        byte[] whole = Rich();
        var random = new Random(4);
        int refused = 0;
        foreach (byte[] damaged in Enumerable.Range(0, whole.Length).Select(length => whole[..length])
            .Concat(Enumerable.Range(0, 4000).Select(_ => Damage(whole, random))))
        {
            try
            {
                new OnnxHeaderReader(new ProtobufReader(new MemoryStream(damaged), "damaged.onnx"), "damaged.onnx").Read();
            }
            catch (ModelLoadException exception)
            {
                Assert.StartsWith("damaged.onnx: ", exception.Message, StringComparison.Ordinal);
                refused++;
            }
        }

        Assert.True(refused > whole.Length, $"only {refused} were refused");
    }

    [Theory]
    [InlineData("")]
    [InlineData("this is text, and no model")]
    [InlineData("{\"json\": true}")]
    public void What_is_no_model_is_refused(string text) =>
        Assert.Contains("text.onnx", Assert.Throws<ModelLoadException>(() => OnnxHeader.Read(_folder.Write("text.onnx", text))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_pointer_that_stands_in_a_files_place_is_told_from_damage() =>
        Assert.Contains("git lfs pull", Assert.Throws<ModelLoadException>(() => OnnxHeader.Read(_folder.Write("x.onnx", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"))).Message, StringComparison.Ordinal);

    [Fact]
    public void Absurd_files_are_refused_soon()
    {
        var deep = new OnnxBytes();
        for (int i = 0; i < 20; i++)
        {
            deep = new OnnxBytes().Node("If", ["c"], "y", ("then_branch", deep));
        }

        Refused("deep", deep.ToArray());
        Refused("tiny fields", Fields(21_000_000));
        Refused("a block longer than a number can say", [(7 << 3) | 2, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]);
        Refused("a number without an end", [1 << 3, .. Enumerable.Repeat((byte)0x80, 12)]);
        Refused("a long name", new OnnxBytes().Input(new string('x', 5000), OnnxBytes.Float, 1).ToArray());
        Refused("a name that would forge lines of a log", new OnnxBytes().Input("x\nall is well", OnnxBytes.Float, 1).ToArray());
        Refused("many inputs", Many(20_000, (graph, i) => graph.Input($"x{i}", OnnxBytes.Float, 1)));
        Refused("many files", Many(20_000, (graph, i) => graph.ExternalWeights("w", [1], $"f{i}")));
        Refused("a negative offset", new OnnxBytes().ExternalWeights("w", [1], "f", offset: "-4").ToArray());
        Refused("an offset that is no number", new OnnxBytes().ExternalWeights("w", [1], "f", offset: "0x10").ToArray());
        Refused("an offset beyond every file", new OnnxBytes().ExternalWeights("w", [1], "f", offset: "9223372036854775807").ToArray());
        Refused("a negative shape", new OnnxBytes().ExternalWeights("w", [-1], "f").ToArray());
        Refused("an endless shape", new OnnxBytes().ExternalWeights("w", [long.MaxValue, long.MaxValue], "f").ToArray());

        void Refused(string what, byte[] bytes)
        {
            string path = _folder.Write("absurd.onnx", bytes);
            var clock = System.Diagnostics.Stopwatch.StartNew();
            Assert.True(Record.Exception(() => OnnxHeader.Read(path)) is ModelLoadException, what);
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), $"{what}: took {clock.Elapsed}");
        }
    }

    /// <summary>Nothing but fields of two bytes each.</summary>
    private static byte[] Fields(int count)
    {
        byte[] bytes = new byte[2 * count];
        for (int i = 0; i < bytes.Length; i += 2)
        {
            bytes[i] = 2 << 3;
        }

        return bytes;
    }

    private static byte[] Many(int count, Action<OnnxBytes, int> add)
    {
        var graph = new OnnxBytes();
        for (int i = 0; i < count; i++)
        {
            add(graph, i);
        }

        return graph.ToArray();
    }

    private static byte[] Rich() => new OnnxBytes()
        .Input("x", OnnxBytes.Float, -1, 3)
        .ExternalWeights("w", [3, 3], "a.onnx_data", offset: "100")
        .ExternalWeights("v", [3, 3], "a.onnx_data", offset: "4", length: "36")
        .ExternalWeights("u", [3, 2], "b.onnx_data")
        .Weights("t", [2], [1, 2])
        .Node("If", ["c"], "y", ("then_branch", new OnnxBytes().Node("Relu", ["x"], "z").Output("z", OnnxBytes.Float, 1)))
        .Node("com.microsoft", "GroupQueryAttention", ["q", "", "", "past.k", "past.v", "s", "t"], ["o", "present.k", "present.v"], ("num_heads", 14L), ("kv_num_heads", 2L), ("axes", new long[] { 1, 2 }))
        .Output("y", OnnxBytes.Float, -1, 3)
        .ToArray(domain: "com.microsoft", function: ("com.example", "Twice"));

    private static byte[] Damage(byte[] whole, Random random)
    {
        byte[] damaged = [.. whole];
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            damaged[random.Next(damaged.Length)] = random.Next(3) switch { 0 => 0xFF, 1 => 0x80, _ => (byte)random.Next(256) };
        }

        int at = random.Next(damaged.Length);
        return random.Next(3) == 0 ? [.. damaged[..at], .. Varint(random.NextInt64()), .. damaged[at..]] : damaged;
    }

    private static byte[] Varint(long value)
    {
        List<byte> bytes = [];
        for (; value > 0x7F; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        return [.. bytes, (byte)value];
    }

    public void Dispose() => _folder.Dispose();
}
