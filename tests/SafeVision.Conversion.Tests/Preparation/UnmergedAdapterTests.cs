using System.Text.Json.Nodes;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Preparation;
using SafeVision.Conversion.Tests.Checkpoints;

namespace SafeVision.Conversion.Tests.Preparation;

/// <summary>Checkpoints that were saved with their adapter still inside (OpenGVLab/InternVL #525, #548).</summary>
public sealed class UnmergedAdapterTests
{
    private const int Rank = 4;
    private const string Wrapped = "language_model.base_model.model.";
    private static readonly string[] s_adapted = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

    [Theory]
    [InlineData("use_llm_lora")]
    [InlineData("adapter_config.json")]
    public async Task An_adapter_inside_a_checkpoint_is_merged_as_one_beside_it_is(string strength)
    {
        using var folder = new TemporaryFolder();
        Write(folder);
        if (strength == "adapter_config.json")
        {
            Change(folder, config => config.Remove("use_llm_lora"));
            File.Copy(folder.PathOf("adapter/adapter_config.json"), folder.PathOf("inside/adapter_config.json"));
        }

        ConversionResult inside = await ConvertAsync(folder.PathOf("inside"), folder.PathOf("one"), null);
        ConversionResult beside = await ConvertAsync(Fixture.PathOf("vlm/internvl-qwen2-orig"), folder.PathOf("two"), folder.PathOf("adapter"));
        ConversionResult without = await ConvertAsync(Fixture.PathOf("vlm/internvl-qwen2-orig"), folder.PathOf("three"), null);
        Assert.Equal(beside.Manifest.Sha256, inside.Manifest.Sha256);
        Assert.NotEqual(without.Manifest.Sha256, inside.Manifest.Sha256);
        Assert.Equal(beside.Manifest.Files["onnx/vision_encoder.onnx"], inside.Manifest.Files["onnx/vision_encoder.onnx"]);
    }

    [Fact]
    public async Task A_module_that_was_trained_whole_takes_the_place_of_the_one_before()
    {
        using var folder = new TemporaryFolder();
        Write(folder, (name, shape, values) => name == "language_model.lm_head.weight"
            ? [($"{Wrapped}lm_head.original_module.weight", shape, values), ($"{Wrapped}lm_head.modules_to_save.default.weight", shape, [.. values.Select(value => 2 * value)])]
            : null);
        await ConvertAsync(folder.PathOf("inside"), folder.PathOf("one"), null);
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(folder.PathOf("inside"));
        UnmergedAdapter.Merge(checkpoint, Fixture.Config("""{"use_llm_lora":4}"""));
        Assert.Equal(
            checkpoint.Tensors["language_model.lm_head.weight"].ToSingle(),
            Tensors().Single(tensor => tensor.Name == "language_model.lm_head.weight").Values.Select(value => 2 * value));
    }

    [Theory]
    [InlineData(0, "'use_llm_lora'")]
    [InlineData(8, "'use_llm_lora' says 8")]
    public async Task An_adapter_inside_whose_strength_is_not_known_is_named(int rank, string message)
    {
        using var folder = new TemporaryFolder();
        Write(folder);
        Change(folder, config => config["use_llm_lora"] = rank);
        string refusal = await RefusalAsync(folder);
        Assert.Contains("holds a LoRA adapter that was not merged", refusal, StringComparison.Ordinal);
        Assert.Contains(message, refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lora_B", "half of a product")]
    [InlineData("lora_A", "half of a product")]
    [InlineData("lora_magnitude_vector", "DoRA")]
    [InlineData("other", "second adapter")]
    public async Task An_adapter_inside_that_can_t_be_merged_is_named(string part, string message)
    {
        using var folder = new TemporaryFolder();
        const string Module = $"{Wrapped}model.layers.0.self_attn.q_proj";
        Write(folder, null, tensors => part switch
        {
            "lora_magnitude_vector" => [.. tensors, ($"{Module}.lora_magnitude_vector.default.weight", [1], [1f])],
            "other" => [.. tensors, .. tensors.Where(tensor => tensor.Name.StartsWith($"{Module}.lora_", StringComparison.Ordinal)).Select(tensor => (tensor.Name.Replace("default", "other", StringComparison.Ordinal), tensor.Shape, tensor.Values)).ToList()],
            _ => [.. tensors.Where(tensor => tensor.Name != $"{Module}.{part}.default.weight")],
        });
        string refusal = await RefusalAsync(folder);
        Assert.Contains("holds a LoRA adapter that was not merged", refusal, StringComparison.Ordinal);
        Assert.Contains(message, refusal, StringComparison.Ordinal);
    }

    private static async Task<string> RefusalAsync(TemporaryFolder folder) =>
        (await Assert.ThrowsAsync<CheckpointException>(() => ConvertAsync(folder.PathOf("inside"), folder.PathOf("one"), null))).Message;

    private static Task<ConversionResult> ConvertAsync(string source, string destination, string? adapter) =>
        ModelConverter.ConvertAsync(new ConversionOptions { Source = source, Destination = destination, Adapter = adapter }, null, TestContext.Current.CancellationToken);

    /// <summary>The same adapter twice: inside a checkpoint, and in a folder beside it as peft saves it.</summary>
    private static void Write(
        TemporaryFolder folder,
        Func<string, int[], float[], IEnumerable<(string, int[], float[])>?>? change = null,
        Func<List<(string Name, int[] Shape, float[] Values)>, IEnumerable<(string, int[], float[])>>? finish = null)
    {
        Directory.CreateDirectory(folder.PathOf("inside"));
        Directory.CreateDirectory(folder.PathOf("adapter"));
        foreach (string path in Directory.EnumerateFiles(Fixture.PathOf("vlm/internvl-qwen2-orig")).Where(path => !path.Contains("safetensors", StringComparison.Ordinal)))
        {
            File.Copy(path, folder.PathOf($"inside/{Path.GetFileName(path)}"));
        }

        var random = new Random(5);
        var inside = new List<(string Name, int[] Shape, float[] Values)>();
        var beside = new List<(string Name, int[] Shape, float[] Values)>();
        foreach ((string name, int[] shape, float[] values) in Tensors())
        {
            string[] parts = name.Split('.');
            bool isWrapped = name.StartsWith("language_model.", StringComparison.Ordinal);
            if (change?.Invoke(name, shape, values) is { } changed)
            {
                inside.AddRange(changed);
            }
            else if (isWrapped && s_adapted.Contains(parts[^2]))
            {
                string module = $"{Wrapped}{string.Join('.', parts[1..^1])}";
                inside.Add(($"{module}.base_layer.{parts[^1]}", shape, values));
                if (parts[^1] == "weight")
                {
                    float[] down = Random(Rank * shape[1]), up = Random(shape[0] * Rank);
                    inside.Add(($"{module}.lora_A.default.weight", [Rank, shape[1]], down));
                    inside.Add(($"{module}.lora_B.default.weight", [shape[0], Rank], up));
                    string plain = $"base_model.model.{string.Join('.', parts[1..^1])}";
                    beside.Add(($"{plain}.lora_A.weight", [Rank, shape[1]], down));
                    beside.Add(($"{plain}.lora_B.weight", [shape[0], Rank], up));
                }
            }
            else
            {
                inside.Add((isWrapped ? $"{Wrapped}{name["language_model.".Length..]}" : name, shape, values));
            }
        }

        File.WriteAllBytes(folder.PathOf("inside/model.safetensors"), SafetensorsBytes.Create(finish?.Invoke(inside) ?? inside));
        File.WriteAllBytes(folder.PathOf("adapter/adapter_model.safetensors"), SafetensorsBytes.Create(beside));
        File.WriteAllText(folder.PathOf("adapter/adapter_config.json"), $$"""{"peft_type":"LORA","r":{{Rank}},"lora_alpha":{{2 * Rank}}}""");
        Change(folder, config => config["use_llm_lora"] = Rank);

        float[] Random(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() - 0.5) / 4)];
    }

    private static List<(string Name, int[] Shape, float[] Values)> Tensors()
    {
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(Fixture.PathOf("vlm/internvl-qwen2-orig"));
        return [.. checkpoint.Tensors.Values.Select(tensor => (tensor.Name, tensor.Shape.ToArray(), tensor.ToSingle()))];
    }

    private static void Change(TemporaryFolder folder, Action<JsonObject> change)
    {
        string path = folder.PathOf("inside/config.json");
        JsonObject config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(config);
        File.WriteAllText(path, config.ToJsonString());
    }
}
