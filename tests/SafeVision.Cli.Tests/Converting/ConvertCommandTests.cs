using System.Security.Cryptography;
using System.Text.Json;
using SafeVision.Conversion.Tests.Checkpoints;
using SafeVision.Models;

namespace SafeVision.Cli.Tests.Converting;

public sealed class ConvertCommandTests
{
    [Theory]
    [InlineData("float32")]
    [InlineData("float16")]
    [InlineData("int8")]
    [InlineData("int4")]
    [InlineData("int4-block64")]
    [InlineData("int4-block128")]
    public async Task Every_precision_is_written_measured_and_found_well_by_doctor(string precision)
    {
        using var folder = new TemporaryFolder();
        CommandRun run = await CommandRun.OfAsync("convert", CheckpointFolder.Copy(folder, "internvl-qwen2-hf"), folder.At("model"), "--precision", precision);

        Assert.True(run.ExitCode == 0, run.Error);
        ModelManifest manifest = ModelPackage.Open(folder.At("model")).Manifest;
        Assert.StartsWith($"{folder.At("model")}: model (internvl), ", run.Output, StringComparison.Ordinal);
        Assert.Contains(manifest.Sha256, run.Output, StringComparison.Ordinal);
        Assert.Contains("ONNX Runtime and a reference computation of the network differ by ", run.Output, StringComparison.Ordinal);
        Assert.Equal(precision != "float32", run.Output.Contains($"{precision} against float32 (whole model; 128 places)", StringComparison.Ordinal));
        Assert.Equal(precision, manifest.Converted!.Options["precision"]);

        CommandRun doctor = await CommandRun.OfAsync("doctor", folder.At("model"));
        Assert.True(doctor.ExitCode == 0, doctor.Output);
        Assert.Matches("model     model: files match their hashes; 2 golden inputs on cpu .*\\(fine\\)", doctor.Output);
    }

    [Fact]
    public async Task The_manifest_says_from_which_bytes_with_which_options_and_by_what_a_model_was_made()
    {
        using var folder = new TemporaryFolder();
        string source = CheckpointFolder.Copy(folder, "internvl-internlm2-orig");
        folder.Write("source/license.txt", "Do what you want.");
        await WriteAdapterAsync(folder);

        CommandRun run = await CommandRun.OfAsync(
            "convert", source, folder.At("model"), "--precision", "float32", "--attention", "standard", "--lora", folder.At("adapter"), "--add-tokens", "--add-token", "<|Gambling|>=games of chance");

        Assert.True(run.ExitCode == 0, run.Error);
        ModelManifest manifest = ModelPackage.Open(folder.At("model")).Manifest;
        ModelConversion made = manifest.Converted!;
        Assert.Equal(("SafeVision.Conversion", "2"), (made.Tool, made.Version));
        string[] shards = [.. Enumerable.Range(1, 3).Select(i => $"model-0000{i}-of-00003.safetensors")];
        Assert.Equal(
            shards.Concat(["adapter_config.json", "adapter_model.safetensors", "config.json", "model.safetensors.index.json"]).Order(StringComparer.Ordinal),
            made.SourceFiles.Keys.Order(StringComparer.Ordinal));
        Assert.All(made.SourceFiles, file => Assert.Equal(Hash(folder.At(file.Key.StartsWith("adapter", StringComparison.Ordinal) ? "adapter" : "source", file.Key)), file.Value));
        Assert.Equal(
            new SortedDictionary<string, string>(StringComparer.Ordinal)
            {
                ["adapter"] = "1 tensors",
                ["attention"] = "standard",
                ["family"] = "internvl",
                ["newTokens"] = "<|Gambling|>", // the paper's are there already
                ["precision"] = "float32",
                ["verified"] = "whole",
            },
            new SortedDictionary<string, string>(made.Options.ToDictionary(), StringComparer.Ordinal));
        Assert.Equal("Do what you want.", await File.ReadAllTextAsync(folder.At("model", "license.txt"), TestContext.Current.CancellationToken));
        Assert.Equal(Hash(folder.At("model", "license.txt")), manifest.Files["license.txt"]);
        Assert.Equal(0, (await CommandRun.OfAsync("doctor", folder.At("model"))).ExitCode);
    }

    [Fact]
    public async Task A_recipe_names_licence_and_source_and_brings_the_licence_s_text()
    {
        using var folder = new TemporaryFolder();
        string source = CheckpointFolder.Copy(folder, "smolvlm-tiny");
        folder.Write("source/LICENSE", "an old one");
        folder.Write("recipes/terms.txt", "the text");
        string recipe = folder.Write("recipes/recipe.json", """{"id": "small", "license": "Apache-2.0", "licenseFile": "terms.txt", "source": "https://example.com/small"}""");

        CommandRun run = await CommandRun.OfAsync("convert", source, folder.At("model"), "--recipe", recipe);

        Assert.True(run.ExitCode == 0, run.Error);
        ModelManifest manifest = ModelPackage.Open(folder.At("model")).Manifest;
        Assert.Equal(("small", "Apache-2.0", "https://example.com/small"), (manifest.Id, manifest.License, manifest.Source));
        Assert.Equal("the text", await File.ReadAllTextAsync(folder.At("model", "LICENSE"), TestContext.Current.CancellationToken));
        Assert.Equal(Hash(folder.At("model", "LICENSE")), manifest.Files["LICENSE"]);
    }

    [Theory]
    [InlineData("pytorch_model.bin")]
    [InlineData("consolidated.00.pth")]
    public async Task A_pickle_is_refused_with_the_command_that_makes_safetensors_of_it(string name)
    {
        using var folder = new TemporaryFolder();
        string source = CheckpointFolder.Copy(folder, "internvl-llama-hf");
        File.Move(folder.At("source", "model.safetensors"), folder.At("source", name));

        foreach (string given in new[] { source, folder.At("source", name) })
        {
            CommandRun run = await CommandRun.OfAsync("convert", given, folder.At("model"));
            Assert.Equal((1, ""), (run.ExitCode, run.Output));
            Assert.Contains("this is a pickle, which can run code when it is read", run.Error, StringComparison.Ordinal);
            Assert.Contains($"torch.load('{name}'", run.Error, StringComparison.Ordinal);
            Assert.Contains("weights_only=True", run.Error, StringComparison.Ordinal);
        }

        Assert.Equal(["source"], Names(folder));
    }

    [Theory]
    [InlineData("'int3' is no precision; these are: float32, float16, int8, int4", "--precision", "int3")]
    [InlineData("'flash' is no way to attend; these are: grouped, standard", "--attention", "flash")]
    [InlineData("'=' is no new token", "--add-token", "=")]
    [InlineData("no adapter_config.json is there", "--lora", ".")]
    [InlineData("blip", "--family", "blip")]
    [InlineData("missing.json", "--recipe", "missing.json")]
    public async Task An_option_that_can_not_be_followed_is_an_error_and_nothing_is_written(string message, string option, string value)
    {
        using var folder = new TemporaryFolder();
        string source = CheckpointFolder.Copy(folder, "internvl-qwen2-hf");

        CommandRun run = await CommandRun.OfAsync("convert", source, folder.At("model"), option, value);

        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Equal(["source"], Names(folder));
    }

    [Fact]
    public async Task A_folder_of_other_things_is_left_alone_and_a_model_is_replaced()
    {
        using var folder = new TemporaryFolder();
        string source = CheckpointFolder.Copy(folder, "internvl-qwen2-hf");
        folder.Write("model/notes.txt", "mine");

        CommandRun refused = await CommandRun.OfAsync("convert", source, folder.At("model"));
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("is not empty and no model's folder", refused.Error, StringComparison.Ordinal);
        Assert.Equal(["notes.txt"], Directory.EnumerateFileSystemEntries(folder.At("model")).Select(Path.GetFileName));

        File.Delete(folder.At("model", "notes.txt"));
        Assert.Equal(0, (await CommandRun.OfAsync("convert", source, folder.At("model"))).ExitCode);
        Assert.Equal("int8", ModelPackage.Open(folder.At("model")).Manifest.Converted!.Options["precision"]); // what suits a processor
        Assert.Equal(0, (await CommandRun.OfAsync("convert", source, folder.At("model"), "--precision", "float32")).ExitCode);
        Assert.Equal(["decoder_model_merged.onnx", "embed_tokens.onnx", "vision_encoder.onnx"], Directory.EnumerateFiles(folder.At("model", "onnx")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        Assert.Equal(["model", "source"], Names(folder));
    }

    [Fact]
    public async Task A_cancelled_conversion_leaves_the_older_model_as_it_was_and_nothing_beside_it()
    {
        using var folder = new TemporaryFolder();
        string source = CheckpointFolder.Copy(folder, "internvl-internlm2-orig");
        Assert.Equal(0, (await CommandRun.OfAsync("convert", source, folder.At("model"))).ExitCode);
        string manifest = Hash(folder.At("model", "manifest.json"));
        using var cancellation = new CancellationTokenSource();
        using var watcher = new FileSystemWatcher(folder.Path) { IncludeSubdirectories = true };
        watcher.Created += (_, created) =>
        {
            if (created.FullPath.EndsWith("embed_tokens_q4.onnx", StringComparison.Ordinal)) // one graph is written, the next begins
            {
                cancellation.Cancel();
            }
        };
        watcher.EnableRaisingEvents = true;

        CommandRun run = await CommandRun.OfAsync(["convert", source, folder.At("model"), "--precision", "int4"], cancellation.Token);

        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.StartsWith("Cancelled", run.Error, StringComparison.Ordinal);
        Assert.Equal(["model", "source"], Names(folder));
        Assert.Equal(manifest, Hash(folder.At("model", "manifest.json")));
        Assert.Equal(0, (await CommandRun.OfAsync("doctor", folder.At("model"))).ExitCode);
    }

    /// <summary>An adapter of one module, as peft saves it.</summary>
    private static async Task WriteAdapterAsync(TemporaryFolder folder)
    {
        const string Module = "base_model.model.language_model.model.layers.0.feed_forward.w1";
        using JsonDocument config = JsonDocument.Parse(await File.ReadAllTextAsync(folder.At("source", "config.json")));
        JsonElement text = config.RootElement.GetProperty("llm_config");
        int hidden = text.GetProperty("hidden_size").GetInt32(), inner = text.GetProperty("intermediate_size").GetInt32();
        folder.Write("adapter/adapter_config.json", """{"peft_type": "LORA", "r": 1, "lora_alpha": 1}""");
        folder.Write("adapter/adapter_model.safetensors", SafetensorsBytes.Create(
        [
            ($"{Module}.lora_A.weight", [1, hidden], [.. Enumerable.Range(0, hidden).Select(i => 0.01f * (i % 7))]),
            ($"{Module}.lora_B.weight", [inner, 1], [.. Enumerable.Range(0, inner).Select(i => 0.01f * (i % 5))]),
        ]));
    }

    private static IEnumerable<string?> Names(TemporaryFolder folder) => Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal);

    private static string Hash(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));
}
