using System.Text.Json.Nodes;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Tests.Checkpoints;
using SafeVision.Inference;
using SafeVision.Models;

namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

/// <summary>Qwen2.5-VL: the language model of the Qwen2-VL fixture, with a random tower of the newer kind.</summary>
public sealed class Qwen25VLTests
{
    private const int Patches = 4; // along a window's side

    [Theory]
    [InlineData("float32")]
    [InlineData("float16")]
    [InlineData("int8")]
    public async Task A_tower_with_windows_agrees_with_the_plain_computation(string precision)
    {
        using var folder = new TemporaryFolder();
        Write(folder);
        ConversionResult result = await ModelConverter.ConvertAsync(new ConversionOptions { Source = folder.PathOf("source"), Destination = folder.PathOf("model"), Precision = precision });
        Assert.Equal("qwen2-vl", result.Family);
        Assert.True(precision != "float32" || result.LargestDifference < 2e-5, $"{result.LargestDifference}");
        ModelSelfTest examination = await SafeVision.VisionLanguage.VisionLanguageSelfTest.RunAsync(ModelPackage.Open(folder.PathOf("model")), new ExecutionOptions(), TestContext.Current.CancellationToken);
        Assert.True(examination is { Goldens: 2, IsSound: true });
    }

    [Fact]
    public void Windows_are_those_that_the_reference_sorts_patches_into()
    {
        using var folder = new TemporaryFolder();
        Write(folder);
        using VisionLanguageModel model = new Qwen2VL().Read(folder.PathOf("source"));
        IReadOnlyDictionary<string, VisionInput> probe = model.Vision.Probe(1);
        (int height, int width) = ((int)probe["grid_thw"].Numbers[1] / 2, (int)probe["grid_thw"].Numbers[2] / 2); // of squares that are joined
        const int Side = Patches / 2;
        Assert.True(height > Side && width > Side && height % Side != 0);

        // get_window_index: the padded grid of squares, cut into windows; those of nothing fall away.
        int[] windowOf = new int[height * width];
        for (int window = 0, windowRow = 0; windowRow <= height / Side; windowRow++)
        {
            for (int windowColumn = 0; windowColumn <= width / Side; windowColumn++, window++)
            {
                for (int i = 0; i < Side * Side; i++)
                {
                    (int row, int column) = ((windowRow * Side) + (i / Side), (windowColumn * Side) + (i % Side));
                    if (row < height && column < width)
                    {
                        windowOf[(row * width) + column] = window;
                    }
                }
            }
        }

        for (int token = 0; token < windowOf.Length * 4; token++)
        {
            for (int other = 0; other < windowOf.Length * 4; other++)
            {
                Assert.Equal(windowOf[token / 4] == windowOf[other / 4], model.Vision.SharesWindow(token, other)); // four patches a square
            }
        }
    }

    [Fact]
    public void Windows_hide_what_lies_outside_of_them_but_not_in_whole_layers()
    {
        using var folder = new TemporaryFolder();
        Write(folder);
        using VisionLanguageModel model = new Qwen2VL().Read(folder.PathOf("source"));
        Assert.Equal([true, false], model.Vision.Layers.Layers.Select(layer => layer.SeesWindow));
        float[] tokens = VisionInput.Noise(3, model.Vision.ReferenceEmbed(model.Vision.Probe(1)).Length).Numbers, changed = [.. tokens];
        int size = model.Vision.Layers.Width;
        Assert.False(model.Vision.SharesWindow(0, (tokens.Length / size) - 1));
        changed[^1] += 1;
        Assert.Equal(Run(tokens, 1)[..size], Run(changed, 1)[..size]);
        Assert.NotEqual(Run(tokens, 2)[..size], Run(changed, 2)[..size]);

        float[] Run(float[] from, int layers) => Enumerable.Range(0, layers).Aggregate(from, (tokens, layer) => model.Vision.ReferenceStep(layer, tokens));
    }

    [Theory]
    [InlineData("window_size", 20, "window_size' is 20; expected at least 28")]
    [InlineData("out_hidden_size", 63, "'out_hidden_size' is 63")]
    [InlineData("fullatt_block_indexes", -1, "fullatt_block_indexes: is not a list")]
    [InlineData("num_heads", 3, "among 3 heads")]
    public void A_tower_that_does_not_fit_is_refused_by_name(string property, int value, string message)
    {
        using var folder = new TemporaryFolder();
        Write(folder);
        JsonNode config = JsonNode.Parse(File.ReadAllText(folder.PathOf("source/config.json")))!;
        config["vision_config"]![property] = value;
        File.WriteAllText(folder.PathOf("source/config.json"), config.ToJsonString());
        Assert.Contains(message, Assert.Throws<CheckpointException>(() => new Qwen2VL().Read(folder.PathOf("source"))).Message, StringComparison.Ordinal);
    }

    private static void Write(TemporaryFolder folder)
    {
        const int Width = 32, Inner = 52;
        string fixture = Fixture.PathOf("vlm/qwen2vl-tiny");
        Directory.CreateDirectory(folder.PathOf("source"));
        foreach (string path in Directory.EnumerateFiles(fixture).Where(path => !path.EndsWith(".safetensors", StringComparison.Ordinal)))
        {
            File.Copy(path, folder.PathOf($"source/{Path.GetFileName(path)}"));
        }

        JsonNode config = JsonNode.Parse(File.ReadAllText(folder.PathOf("source/config.json")))!;
        int hidden = (int)config["hidden_size"]!;
        config["model_type"] = "qwen2_5_vl";
        config["vision_config"] = new JsonObject
        {
            ["hidden_size"] = Width,
            ["intermediate_size"] = Inner,
            ["depth"] = 2,
            ["num_heads"] = 2,
            ["in_chans"] = 3,
            ["patch_size"] = 14,
            ["spatial_merge_size"] = 2,
            ["temporal_patch_size"] = 2,
            ["window_size"] = (Patches * 14) + 13,
            ["fullatt_block_indexes"] = new JsonArray(1),
            ["out_hidden_size"] = hidden,
        };
        File.WriteAllText(folder.PathOf("source/config.json"), config.ToJsonString());

        var random = new Random(3);
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(fixture);
        List<(string Name, int[] Shape, float[] Values)> tensors = [.. checkpoint.Tensors.Values
            .Where(tensor => !tensor.Name.StartsWith("visual.", StringComparison.Ordinal)).Select(tensor => (tensor.Name, tensor.Shape.ToArray(), tensor.ToSingle()))];
        Add("visual.patch_embed.proj.weight", 0.05, Width, 3, 2, 14, 14);
        for (int i = 0; i < 2; i++)
        {
            string name = $"visual.blocks.{i}";
            Add($"{name}.norm1.weight", 1, Width);
            Add($"{name}.norm2.weight", 1, Width);
            Linear($"{name}.attn.qkv", 3 * Width, Width);
            Linear($"{name}.attn.proj", Width, Width);
            Linear($"{name}.mlp.gate_proj", Inner, Width);
            Linear($"{name}.mlp.up_proj", Inner, Width);
            Linear($"{name}.mlp.down_proj", Width, Inner);
        }

        Add("visual.merger.ln_q.weight", 1, Width);
        Linear("visual.merger.mlp.0", 4 * Width, 4 * Width);
        Linear("visual.merger.mlp.2", hidden, 4 * Width);
        File.WriteAllBytes(folder.PathOf("source/model.safetensors"), SafetensorsBytes.Create(tensors));

        void Linear(string name, int output, int input)
        {
            Add($"{name}.weight", 2 / Math.Sqrt(input), output, input);
            Add($"{name}.bias", 0.2, output);
        }

        void Add(string name, double scale, params int[] shape) => tensors.Add(
            (name, shape, [.. Enumerable.Range(0, shape.Aggregate(1, (product, size) => product * size)).Select(_ => (float)(((random.NextDouble() * 2) - 1) * scale))]));
    }
}
