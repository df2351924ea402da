using SafeVision.Models;
using SafeVision.Tests;

namespace SafeVision.Cli.Tests.Converting;

/// <summary>Classifiers and pairs of towers, as a user converts, lists and examines them.</summary>
public sealed class ConvertEncoderTests
{
    [Theory]
    [InlineData("classifiers/tiny-vit", "vit-classifier", "int8", 3, "2")]
    [InlineData("classifiers/tiny-convnext", "convnext-classifier", "float32", 3, "2")]
    [InlineData("contrastive/tiny-clip", "clip", "int4", 6, "none")]
    [InlineData("contrastive/tiny-siglip", "siglip", "float16", 6, "none")]
    public async Task An_encoder_is_converted_listed_and_found_well(string checkpoint, string family, string precision, int goldens, string labels)
    {
        using var folder = new TemporaryFolder();
        foreach (string tests in new[] { "SafeVision.Tests", "SafeVision.Conversion.Tests" })
        {
            string fixture = Repository.PathOf($"tests/{tests}/Fixtures/{checkpoint}");
            foreach (string path in Directory.Exists(fixture) ? Directory.EnumerateFiles(fixture) : [])
            {
                folder.Write($"source/{Path.GetFileName(path)}", File.ReadAllBytes(path));
            }
        }

        CommandRun run = await CommandRun.OfAsync("convert", folder.At("source"), folder.At("model"), "--precision", precision);
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.StartsWith($"{folder.At("model")}: model ({family}), ", run.Output, StringComparison.Ordinal);
        Assert.Equal(precision != "float32", run.Output.Contains($"{precision} against float32 (whole model; 8 places)", StringComparison.Ordinal));
        ModelManifest manifest = ModelPackage.Open(folder.At("model")).Manifest;
        Assert.Equal(checkpoint.StartsWith("contrastive", StringComparison.Ordinal), manifest.Files.ContainsKey("text_model.onnx") && manifest.Files.ContainsKey("tokenizer.json"));

        CommandRun doctor = await CommandRun.OfAsync("doctor", folder.At("model"));
        Assert.True(doctor.ExitCode == 0, doctor.Output);
        Assert.Contains($"model     model: files match their hashes; {goldens} golden inputs on cpu ", doctor.Output, StringComparison.Ordinal);

        CommandRun models = await CommandRun.OfAsync("models", folder.At("model"));
        Assert.Equal(0, models.ExitCode);
        Assert.Matches($"labels +{labels} *\n", models.Output);
        Assert.Equal(labels == "none", models.Output.Contains("any, by the policy's words", StringComparison.Ordinal));
    }
}
