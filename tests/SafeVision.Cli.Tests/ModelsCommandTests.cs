using System.Security.Cryptography;
using SafeVision.Models;
using SafeVision.Tests;

namespace SafeVision.Cli.Tests;

public sealed class ModelsCommandTests
{
    [Fact]
    public async Task Models_lists_id_use_size_hash_and_licence_of_each()
    {
        CommandRun run = await CommandRun.OfAsync("models");

        Assert.Equal(0, run.ExitCode);
        foreach (ModelManifest manifest in DefaultModels.All.Select(model => model.Manifest))
        {
            Assert.Contains(manifest.Id, run.Output, StringComparison.Ordinal);
            Assert.Contains(manifest.License, run.Output, StringComparison.Ordinal);
            Assert.Contains(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Repository.PathOf($"models/{manifest.Id}/{manifest.File}")))), run.Output, StringComparison.Ordinal);
        }

        Assert.Contains("those that its labels mean, by the policy's words", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_without_a_model_is_an_error_that_names_it()
    {
        using var folder = new TemporaryFolder();

        CommandRun run = await CommandRun.OfAsync("models", folder.Path);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(folder.Path, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_finds_this_machine_well()
    {
        CommandRun run = await CommandRun.OfAsync("doctor");

        Assert.True(run.ExitCode == 0, run.Output);
        Assert.Contains("provider  CPUExecutionProvider on cpu", run.Output, StringComparison.Ordinal);
        Assert.All(DefaultModels.All, model => Assert.Matches($"model     {model.Manifest.Id}: files match their hashes; \\d+ golden inputs on cpu .*\\(fine\\)", run.Output));
    }

    [Fact]
    public async Task Doctor_finds_an_altered_file_and_an_altered_golden_and_still_looks_at_the_rest()
    {
        using var folder = new TemporaryFolder();
        foreach (string name in new[] { "flipped", "lying" })
        {
            foreach (string file in Directory.GetFiles(Repository.PathOf("models/nsfw-mobilenet-v2-mid")))
            {
                folder.Write($"{name}/{Path.GetFileName(file)}", await File.ReadAllBytesAsync(file));
            }
        }

        byte[] model = await File.ReadAllBytesAsync(folder.At("flipped", "model.onnx"));
        model[^100] ^= 1;
        await File.WriteAllBytesAsync(folder.At("flipped", "model.onnx"), model);
        string manifest = await File.ReadAllTextAsync(folder.At("lying", "manifest.json"));
        await File.WriteAllTextAsync(folder.At("lying", "manifest.json"), manifest.Replace("\"seed\": 1,", "\"seed\": 7,", StringComparison.Ordinal));

        CommandRun run = await CommandRun.OfAsync("doctor", folder.At("flipped"), folder.At("lying"), folder.At("missing"));

        Assert.Equal(1, run.ExitCode);
        string[] models = [.. run.Output.Split('\n').Where(line => line.StartsWith("model", StringComparison.Ordinal))];
        Assert.Equal(3, models.Length);
        Assert.Contains("sha256", models[0], StringComparison.Ordinal);
        Assert.Contains("WRONG: more than", models[1], StringComparison.Ordinal);
        Assert.Contains(folder.At("missing"), models[2], StringComparison.Ordinal);
    }
}
