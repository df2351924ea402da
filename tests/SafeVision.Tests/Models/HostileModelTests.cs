using System.Text.Json.Nodes;
using CsCheck;
using SafeVision.Engines.ClosedSet;
using SafeVision.Inference;
using SafeVision.Models;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Models;

/// <summary>Model folders as an attacker, a half-finished copy or a mistaken exporter would leave them.</summary>
public sealed class HostileModelTests
{
    [Theory]
    [InlineData("../model.onnx")]
    [InlineData("/etc/hostname")]
    [InlineData("C:\\model.onnx")]
    [InlineData("..\\model.onnx")]
    [InlineData("sub/model.onnx")]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("a\0b")]
    public async Task A_file_outside_of_the_folder_cannot_be_named(string file) =>
        Assert.Contains("plain file name", await Refusal(change: manifest => manifest["file"] = file), StringComparison.Ordinal);

    [Fact]
    public async Task Files_that_are_missing_altered_empty_or_a_pipe_are_named()
    {
        Assert.Contains("'model.onnx' is missing", await Refusal(after: model => File.Delete(model.PathOf("model.onnx"))), StringComparison.Ordinal);
        Assert.Contains("'model.onnx' is missing or empty", await Refusal(after: model => File.WriteAllBytes(model.PathOf("model.onnx"), [])), StringComparison.Ordinal);
        Assert.Contains("'manifest.json' is missing", await Refusal(after: model => File.Delete(model.PathOf("manifest.json"))), StringComparison.Ordinal);
        Assert.Contains("there is no such folder", Assert.Throws<ModelLoadException>(() => ModelPackage.Open(Path.Combine(AppContext.BaseDirectory, "no-model"))).Message, StringComparison.Ordinal);
        string altered = await Refusal(after: model =>
        {
            byte[] bytes = File.ReadAllBytes(model.PathOf("model.onnx"));
            bytes[^1] ^= 1;
            File.WriteAllBytes(model.PathOf("model.onnx"), bytes);
        });
        Assert.Matches("'model.onnx' is not the file .*sha256 [0-9a-f]{64}, expected [0-9a-f]{64}", altered);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Contains("named pipe", await Refusal(after: model =>
            {
                File.Delete(model.PathOf("model.onnx"));
                using var mkfifo = System.Diagnostics.Process.Start("mkfifo", [model.PathOf("model.onnx")]);
                mkfifo.WaitForExit();
                Assert.Equal(0, mkfifo.ExitCode);
            }), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_link_is_followed_only_to_the_very_bytes_that_the_manifest_describes()
    {
        using var elsewhere = new TinyModel();
        string wrong = await Refusal(after: model => Link(model, elsewhere.PathOf("manifest.json")));
        Assert.Contains("is not the file that the manifest describes", wrong, StringComparison.Ordinal);

        using var linked = new TinyModel();
        Link(linked, elsewhere.PathOf("model.onnx"));
        await LoadAsync(linked);

        static void Link(TinyModel model, string target)
        {
            File.Delete(model.PathOf("model.onnx"));
            File.CreateSymbolicLink(model.PathOf("model.onnx"), target);
        }
    }

    [Fact]
    public async Task Manifests_that_are_huge_or_deep_or_no_json_are_refused()
    {
        Assert.Contains("more than a manifest may have", await Refusal(after: model => File.WriteAllText(model.PathOf("manifest.json"), new string(' ', 9 << 20))), StringComparison.Ordinal);
        Assert.Contains("manifest.json", await Refusal(after: model => File.WriteAllText(model.PathOf("manifest.json"), new string('[', 100_000))), StringComparison.Ordinal);
        Assert.Contains("manifest.json", await Refusal(after: model => File.WriteAllText(model.PathOf("manifest.json"), "null")), StringComparison.Ordinal);
        Assert.Contains("manifest.json", await Refusal(after: model => File.WriteAllText(model.PathOf("manifest.json"), "{}")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_with_any_value_replaced_loads_or_is_refused_by_name()
    {
        string[] replacements = ["null", "-1", "1e999", "\"\"", "\"x\"", "[]", "[null]", "{}", "{\"red\": null}", "{\"red\": [null]}", "{\"red\": {\"x\": 2}}", "true"];
        using var model = new TinyModel();
        string text = File.ReadAllText(model.PathOf("manifest.json"));
        int places = Places(JsonNode.Parse(text)!).Count;
        Gen.Select(Gen.Int[0, places - 1], Gen.OneOf(replacements)).Sample((place, replacement) =>
        {
            JsonNode manifest = JsonNode.Parse(text)!;
            Places(manifest)[place](replacement);
            File.WriteAllText(model.PathOf("manifest.json"), manifest.ToJsonString());
            Exception? thrown = Record.Exception(() => LoadAsync(model).GetAwaiter().GetResult());
            return thrown is null or ModelLoadException;
        }, iter: 400, threads: 1);
    }

    [Theory]
    [InlineData("logits", "no_such_output")]
    [InlineData("features", "no_such_output")]
    [InlineData("headWeights", "no_such_output")]
    public async Task An_output_that_the_graph_lacks_is_named_with_those_it_has(string role, string name)
    {
        string refusal = await Refusal(change: manifest => manifest["outputs"]![role] = name);
        Assert.Contains($"'{name}'", refusal, StringComparison.Ordinal);
        Assert.Contains("logits, features, head_weights", refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("logits")]
    [InlineData("features")]
    public async Task An_output_that_the_manifest_leaves_out_is_named(string role) =>
        Assert.Contains($"no '{role}'", await Refusal(change: manifest => manifest["outputs"]!.AsObject().Remove(role)), StringComparison.Ordinal);

    [Fact]
    public async Task An_input_that_the_graph_lacks_is_named() =>
        Assert.Contains("'pixels'", await Refusal(change: manifest => manifest["input"] = "pixels"), StringComparison.Ordinal);

    [Fact]
    public async Task Shapes_and_types_that_do_not_fit_are_refused_when_the_model_is_loaded()
    {
        Assert.Contains("4 labels", await Refusal(change: manifest => manifest["labels"] = new JsonArray("red", "green", "blue", "gray")), StringComparison.Ordinal);
        Assert.Contains("16 pixels", await Refusal(change: manifest => manifest["preprocessing"]!["resize"]!["size"] = 16), StringComparison.Ordinal);
        Assert.Contains("batch must be open", await Refusal(TinyModel.Graph(batch: 1).ToArray()), StringComparison.Ordinal);
        Assert.Contains("at most 4096 cells", await Refusal(TinyModel.Graph(size: 4 * 65).ToArray(), manifest => manifest["preprocessing"]!["resize"]!["size"] = 4 * 65), StringComparison.Ordinal);
        Assert.Contains("not all finite", await Refusal(TinyModel.Graph(head: graph => graph.Weights("head", [3, 3], [float.NaN, 0, 0, 0, 0, 0, 0, 0, 0])).ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_onnx_or_cut_short_is_refused()
    {
        Assert.Contains("can't load it", await Refusal("not a model"u8.ToArray()), StringComparison.Ordinal);
        byte[] whole = TinyModel.Graph().ToArray();
        Assert.NotEmpty(await Refusal(whole[..(whole.Length / 2)]));
        Assert.Contains("tiny", await Refusal(TinyModel.Graph(type: OnnxBytes.Double).ToArray()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("weights.bin", true)]
    [InlineData("weights.bin", false)]
    [InlineData("../weights.bin", false)]
    [InlineData("/etc/hostname", false)]
    public async Task Weights_in_another_file_are_not_read(string location, bool inFolder)
    {
        byte[] external = TinyModel.Graph(head: graph => graph.ExternalWeights("head", [3, 3], location)).ToArray();
        string inWorkingDirectory = Path.GetFullPath(Path.GetFileName(location));
        File.WriteAllBytes(inWorkingDirectory, new byte[36]);
        try
        {
            Assert.Contains("tiny", await Refusal(external, after: model =>
            {
                if (inFolder)
                {
                    File.WriteAllBytes(model.PathOf(location), new byte[36]);
                }
            }), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(inWorkingDirectory);
        }
    }

    [Fact]
    public async Task Goldens_that_cannot_be_run_are_refused()
    {
        Assert.Contains("shape", await Refusal(change: manifest => manifest["goldens"]![0]!["shape"] = new JsonArray(1 << 20, 1 << 20)), StringComparison.Ordinal);
        Assert.Contains("shape", await Refusal(change: manifest => manifest["goldens"]![0]!["shape"] = new JsonArray(-1, 3, 8, 8)), StringComparison.Ordinal);
        using var model = new TinyModel(change: manifest => manifest["goldens"]![0]!["output"] = "nothing");
        Assert.Contains("'noise'", (await Assert.ThrowsAsync<ModelLoadException>(() => ModelSelfTest.RunAsync(ModelPackage.Open(model.Folder), new ExecutionOptions()))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_examination_finds_altered_goldens_and_does_not_pass_a_model_without_any()
    {
        using var altered = new TinyModel();
        Assert.False((await ModelSelfTest.RunAsync(ModelPackage.Open(altered.Folder), new ExecutionOptions())).IsSound);
        using var without = new TinyModel(change: manifest => manifest["goldens"] = new JsonArray());
        ModelSelfTest none = await ModelSelfTest.RunAsync(ModelPackage.Open(without.Folder), new ExecutionOptions());
        Assert.Equal((0, false), (none.Goldens, none.IsSound));
    }

    private static async Task<string> Refusal(byte[]? onnx = null, Action<JsonObject>? change = null, Action<TinyModel>? after = null)
    {
        using var model = new TinyModel(onnx, change);
        after?.Invoke(model);
        return (await Assert.ThrowsAsync<ModelLoadException>(() => LoadAsync(model).WaitAsync(TimeSpan.FromSeconds(10)))).Message;
    }

    private static async Task LoadAsync(TinyModel model)
    {
        using var sessions = new SessionCache();
        using ClassifierNetwork network = await Task.Run(() => ClassifierNetwork.LoadAsync(ModelPackage.Open(model.Folder), sessions, new ExecutionOptions(), CancellationToken.None));
    }

    /// <summary>A setter for every value of the manifest.</summary>
    private static List<Action<string>> Places(JsonNode node) => node switch
    {
        JsonObject @object => [.. @object.ToArray().SelectMany(entry => (List<Action<string>>)[value => @object[entry.Key] = JsonNode.Parse(value), .. entry.Value is null ? [] : Places(entry.Value)])],
        JsonArray array => [.. Enumerable.Range(0, array.Count).SelectMany(i => (List<Action<string>>)[value => array[i] = JsonNode.Parse(value), .. array[i] is null ? [] : Places(array[i]!)])],
        _ => [],
    };
}
