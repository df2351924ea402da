using System.Security.Cryptography;
using SafeVision.Models;

namespace SafeVision.Conversion.Tests;

public sealed class VisionLanguageConversionTests
{
    private const string Checkpoint = "vlm/internvl-qwen2-orig";

    [Fact]
    public async Task Files_that_a_host_needs_travel_unchanged_and_every_file_has_its_hash()
    {
        using var folder = new TemporaryFolder();
        Copy(folder);
        string[] added = ["LICENSE", "chat_template.jinja", "safevision-prompt.yaml"], left = ["training_args.bin", "README.md", "prompts.json"];
        foreach (string name in added.Concat(left))
        {
            File.WriteAllText(folder.PathOf($"source/{name}"), $"this is {name}");
        }

        string[] travelling = [.. Directory.EnumerateFiles(folder.PathOf("source")).Select(path => Path.GetFileName(path))
            .Where(name => !left.Contains(name) && !name.Contains("safetensors", StringComparison.Ordinal) && !name.Contains("goldens", StringComparison.Ordinal))];
        Assert.All(added.Append("config.json").Append("generation_config.json"), name => Assert.Contains(name, travelling));
        await ModelConverter.ConvertAsync(Options(folder));
        string[] graphs = ["onnx/decoder_model_merged.onnx", "onnx/embed_tokens.onnx", "onnx/vision_encoder.onnx"];
        Assert.Equal(
            travelling.Concat(graphs).Append("manifest.json").Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(folder.PathOf("model"), "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(folder.PathOf("model"), path)).Order(StringComparer.Ordinal));
        Assert.All(travelling, name => Assert.Equal(File.ReadAllBytes(folder.PathOf($"source/{name}")), File.ReadAllBytes(folder.PathOf($"model/{name}"))));

        ModelManifest manifest = ModelManifest.Read(ModelFolder.OnDisk(folder.PathOf("model")));
        Assert.Equal(("visionLanguage", graphs[0]), (manifest.Kind, manifest.File));
        Assert.Equal(travelling.Concat(graphs[1..]).Order(StringComparer.Ordinal), manifest.Files.Keys.Order(StringComparer.Ordinal));
        Assert.All(manifest.Files.Append(new(manifest.File, manifest.Sha256)), file => Assert.Equal(Hash(folder.PathOf($"model/{file.Key}")), file.Value));
        Assert.Equal(graphs.Sum(graph => new FileInfo(folder.PathOf($"model/{graph}")).Length), manifest.Bytes);
        Assert.Equal(
            ["config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"],
            manifest.Converted!.SourceFiles.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(("internvl", "float32", "grouped", "whole"), (Told("family"), Told("precision"), Told("attention"), Told("verified")));

        string Told(string option) => manifest.Converted.Options[option];
    }

    [Fact]
    public async Task An_exact_vision_tower_loses_nothing_beside_a_rounded_language_model()
    {
        using var folder = new TemporaryFolder();
        Copy(folder);
        ConversionOptions options = Options(folder);
        (options.Precision, options.ExactVision) = ("int8", true);
        ModelConversion exact = (await ModelConverter.ConvertAsync(options)).Manifest.Converted!;
        options.ExactVision = false;
        ModelConversion rounded = (await ModelConverter.ConvertAsync(options)).Manifest.Converted!;
        Assert.Equal(("true", "false"), (exact.Options["exactVision"], rounded.Options["exactVision"]));
        Assert.InRange(exact.PrecisionLoss!.ImageFeatureError!.Value, 0, 1e-5);
        Assert.InRange(rounded.PrecisionLoss!.ImageFeatureError!.Value, 1e-3, 0.2);
        Assert.True(exact.PrecisionLoss.MeanLogitDifference > 0, "the language model was not rounded");
        (options.Precision, options.ExactVision) = ("float16", true);
        Assert.Contains("int8", (await Assert.ThrowsAsync<CheckpointException>(() => ModelConverter.ConvertAsync(options))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Progress_never_goes_back_and_an_interrupted_conversion_leaves_nothing()
    {
        using var folder = new TemporaryFolder();
        Copy(folder);
        var reports = new List<ConversionProgress>();
        await ModelConverter.ConvertAsync(Options(folder), new Inline(reports.Add));
        foreach (IGrouping<ConversionStage, ConversionProgress> stage in reports.GroupBy(report => report.Stage))
        {
            Assert.Equal(stage.Select(report => report.Done), stage.Select(report => report.Done).Order());
            Assert.Equal(stage.Last().Total, stage.Last().Done);
        }

        Assert.Equal([ConversionStage.Reading, ConversionStage.Writing, ConversionStage.Verifying], reports.Select(report => report.Stage).Distinct().Order()); // the first two at once
        Directory.Delete(folder.PathOf("model"), recursive: true);
        foreach (ConversionStage stage in reports.Select(report => report.Stage).Distinct())
        {
            using var cancellation = new CancellationTokenSource();
            var progress = new Inline(report =>
            {
                if (report.Stage == stage)
                {
                    cancellation.Cancel();
                }
            });
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ModelConverter.ConvertAsync(Options(folder), progress, cancellation.Token));
            Assert.Equal(["source"], Directory.EnumerateFileSystemEntries(folder.Root).Select(Path.GetFileName));
        }
    }

    [Theory]
    [InlineData("float32")]
    [InlineData("int4")]
    public async Task Converting_twice_gives_the_same_files(string precision)
    {
        using var folder = new TemporaryFolder();
        Copy(folder);
        ConversionOptions options = Options(folder);
        options.Precision = precision;
        await ModelConverter.ConvertAsync(options);
        string[] first = Hashes();
        await ModelConverter.ConvertAsync(options); // over the model that is there
        Assert.Equal(first, Hashes());

        string[] Hashes() => [.. Directory.EnumerateFiles(folder.PathOf("model"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(file => $"{file} {Hash(file)}")];
    }

    private static ConversionOptions Options(TemporaryFolder folder) => new() { Source = folder.PathOf("source"), Destination = folder.PathOf("model") };

    private static void Copy(TemporaryFolder folder)
    {
        Directory.CreateDirectory(folder.PathOf("source"));
        foreach (string path in Directory.EnumerateFiles(Fixture.PathOf(Checkpoint)))
        {
            File.Copy(path, folder.PathOf($"source/{Path.GetFileName(path)}"));
        }
    }

    private static string Hash(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));

    private sealed class Inline(Action<ConversionProgress> report) : IProgress<ConversionProgress>
    {
        public void Report(ConversionProgress value) => report(value);
    }
}
