using System.Security.Cryptography;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Tests.Families;
using SafeVision.Inference;
using SafeVision.Models;

namespace SafeVision.Conversion.Tests;

public sealed class ModelConverterTests
{
    [Fact]
    public async Task An_image_checkpoint_becomes_a_model_that_meets_its_goldens()
    {
        using var folder = new TemporaryFolder();
        TinyCheckpoint.WriteEfficientNet(folder.PathOf("source"));
        ConversionResult result = await ConvertAsync(folder);
        Assert.Equal("efficientnet-lite", result.Family);
        Assert.InRange(result.LargestDifference!.Value, 0, 1e-5);
        Assert.Equal(["cat", "dog", "neither"], result.Manifest.Labels);

        ModelPackage package = ModelPackage.Open(folder.PathOf("model"));
        package.Verify();
        Assert.Equal("model", package.Manifest.Id);
        Assert.Equal(32, package.Manifest.Preprocessing!.InputSize);
        Assert.Equal(["config.json", "model.safetensors"], package.Manifest.Converted!.SourceFiles.Keys.Order());
        ModelSelfTest examination = await ModelSelfTest.RunAsync(package, new ExecutionOptions());
        Assert.True(examination.IsSound);
        Assert.Equal(["config.json", "manifest.json", "model.onnx"], Directory.EnumerateFiles(folder.PathOf("model")).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("F32", "float32")]
    [InlineData("F16", "float32")]
    [InlineData("F16", "float16")]
    [InlineData("BF16", "int8")]
    public async Task Convolutions_stay_as_they_are_stored_and_give_the_same_in_a_batch(string type, string precision)
    {
        using var folder = new TemporaryFolder();
        TinyCheckpoint.WriteEfficientNet(folder.PathOf("source"), type);
        ConversionOptions options = Options(folder);
        options.Precision = precision;
        ConversionResult result = await ModelConverter.ConvertAsync(options);
        Assert.Equal(("as stored", "whole"), (result.Manifest.Converted!.Options["precision"], result.Manifest.Converted.Options["verified"]));
        Assert.InRange(result.LargestDifference!.Value, 0, 1e-5);
        Assert.Null(result.Manifest.Converted.PrecisionLoss);

        using var model = new ModelRunner(folder.PathOf("model"));
        float[] one = GoldenInput.Create(7, 3 * 32 * 32), two = GoldenInput.Create(8, 3 * 32 * 32);
        float[] apart = [.. model.Run(one, 1, "logits"), .. model.Run(two, 1, "logits")];
        Assert.All(apart.Zip(model.Run([.. one, .. two], 2, "logits")), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));

        // Logits are the mean of the features by the head's weights, and a bias that no image changes.
        float[] features = model.Run([.. one, .. two], 2, "features"), head = model.Run(one, 1, "headWeights");
        int channels = head.Length / 3, places = features.Length / 2 / channels;
        for (int label = 0; label < 3; label++)
        {
            double[] sums = [.. Enumerable.Range(0, 2).Select(item => Enumerable.Range(0, channels).Sum(channel =>
                (double)head[(label * channels) + channel] * features.AsSpan(((item * channels) + channel) * places, places).ToArray().Average()))];
            Assert.Equal(sums[0] - sums[1], apart[label] - apart[3 + label], 1e-4);
        }
    }

    [Fact]
    public async Task Kernels_in_half_precision_stay_so_in_the_file_with_a_batch_normalisation_beside_them()
    {
        using var folder = new TemporaryFolder();
        TinyCheckpoint.WriteEfficientNet(folder.PathOf("source"), "F16");
        await ConvertAsync(folder);
        ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(folder.PathOf("model/model.onnx")));
        TensorProto[] kernels = [.. model.Graph.Initializer.Where(tensor => tensor.Dims.Count > 1 && tensor.Dims.Skip(1).Any(size => size > 1))];
        Assert.Equal(11, kernels.Length); // the stem, 3 + 3 + 2 of the blocks, two heads, without the kernels of one input and one place
        Assert.All(kernels, kernel => Assert.Equal((int)TensorProto.Types.DataType.Float16, kernel.DataType));
    }

    [Fact]
    public async Task Converting_twice_gives_the_same_files()
    {
        using var folder = new TemporaryFolder();
        TinyCheckpoint.WriteEfficientNet(folder.PathOf("source"));
        await ConvertAsync(folder);
        string[] first = Hashes(folder.PathOf("model"));
        await ConvertAsync(folder); // over the model that is there
        Assert.Equal(first, Hashes(folder.PathOf("model")));
    }

    [Fact]
    public async Task An_interrupted_conversion_leaves_the_old_model_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        TinyCheckpoint.WriteEfficientNet(folder.PathOf("source"));
        await ConvertAsync(folder);
        string[] before = Hashes(folder.PathOf("model"));
        foreach (ConversionStage stage in new[] { ConversionStage.Reading, ConversionStage.Writing, ConversionStage.Verifying })
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
            Assert.Equal(before, Hashes(folder.PathOf("model")));
            Assert.Equal(["model", "source"], Directory.EnumerateFileSystemEntries(folder.Root).Select(Path.GetFileName).Order());
        }
    }

    [Fact]
    public async Task Progress_counts_bytes_up_to_their_total()
    {
        using var folder = new TemporaryFolder();
        TinyCheckpoint.WriteEfficientNet(folder.PathOf("source"));
        var reports = new List<ConversionProgress>();
        ConversionResult result = await ModelConverter.ConvertAsync(Options(folder), new Inline(reports.Add));
        foreach (IGrouping<ConversionStage, ConversionProgress> stage in reports.GroupBy(report => report.Stage))
        {
            Assert.Equal(stage.Select(report => report.Done), stage.Select(report => report.Done).Order());
            Assert.Equal(stage.Last().Total, stage.Last().Done);
        }

        Assert.Equal(result.Manifest.Bytes, reports.Last(report => report.Stage == ConversionStage.Writing).Total);
        Assert.Equal([ConversionStage.Reading, ConversionStage.Writing, ConversionStage.Verifying], reports.Select(report => report.Stage).Distinct());
    }

    [Fact]
    public async Task Two_conversions_to_one_place_do_not_mix()
    {
        using var folder = new TemporaryFolder();
        TinyCheckpoint.WriteEfficientNet(folder.PathOf("source"));
        using (new ModelFolderWriter(folder.PathOf("model")))
        {
            await RefusesAsync(folder, "another conversion");
        }

        await ConvertAsync(folder);
    }

    [Fact]
    public async Task What_a_killed_process_left_is_cleared_away()
    {
        using var folder = new TemporaryFolder();
        TinyCheckpoint.WriteEfficientNet(folder.PathOf("source"));
        Directory.CreateDirectory(folder.PathOf(".model.partial"));
        File.WriteAllText(folder.PathOf(".model.partial/model.onnx"), "half");
        await ConvertAsync(folder);
        Assert.Equal(["model", "source"], Directory.EnumerateFileSystemEntries(folder.Root).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task A_file_of_the_checkpoint_stands_for_its_folder()
    {
        using var folder = new TemporaryFolder();
        TinyCheckpoint.WriteEfficientNet(folder.PathOf("source"));
        ConversionOptions options = Options(folder);
        options.Source = folder.PathOf("source/model.safetensors");
        Assert.Equal("efficientnet-lite", (await ModelConverter.ConvertAsync(options)).Family);
    }

    [Fact]
    public async Task A_folder_that_is_no_model_is_left_alone()
    {
        using var folder = new TemporaryFolder();
        TinyCheckpoint.WriteEfficientNet(folder.PathOf("source"));
        Directory.CreateDirectory(folder.PathOf("model"));
        File.WriteAllText(folder.PathOf("model/thesis.txt"), "years of work");
        await RefusesAsync(folder, "left alone");
        Assert.Equal("years of work", File.ReadAllText(folder.PathOf("model/thesis.txt")));
    }

    [Fact]
    public async Task Weights_that_are_not_numbers_make_no_model()
    {
        using var folder = new TemporaryFolder();
        TinyCheckpoint.WriteEfficientNet(folder.PathOf("source"));
        byte[] bytes = File.ReadAllBytes(folder.PathOf("source/model.safetensors"));
        BitConverter.TryWriteBytes(bytes.AsSpan(bytes.Length - 4), float.NaN); // the last bias
        File.WriteAllBytes(folder.PathOf("source/model.safetensors"), bytes);
        await RefusesAsync(folder, "'head.bias'");
        Assert.False(Directory.Exists(folder.PathOf("model")));
    }

    [Theory]
    [InlineData("\"head_channels\": 10", "\"head_channels\": 11", "_conv_head.weight")]
    [InlineData("\"head_channels\": 10", "\"head_channels\": -1", "head_channels")]
    [InlineData("\"1\": \"dog\"", "\"7\": \"dog\"", "id2label")]
    [InlineData("[2, 5, 2, 2, 4, 6]", "[2000000000, 5, 2, 2, 4, 6]", "stages[1]")]
    [InlineData("[2, 5, 2, 2, 4, 6]", "[3, 5, 2, 2, 4, 6]", "_blocks.3")]
    [InlineData("\"image_size\": 32", "\"image_size\": 1000000", "image_size")]
    [InlineData("\"bicubic\"", "\"magic\"", "magic")]
    [InlineData("[0.2, 0.3, 0.4]", "[0.2, 0, 0.4]", "std")]
    [InlineData("[0.2, 0.3, 0.4]", "[0.2, 0.4]", "a number or three")]
    [InlineData("\"EfficientNetLite0\"", "\"ResNet\"", "efficientnet-lite")]
    [InlineData("{\"architecture\"", "{\"image_size\": 32, \"architecture\"", "image_size")]
    public async Task A_configuration_that_does_not_fit_the_weights_is_refused_by_name(string part, string replacement, string message)
    {
        using var folder = new TemporaryFolder();
        TinyCheckpoint.WriteEfficientNet(folder.PathOf("source"));
        Assert.Contains(part, TinyCheckpoint.EfficientNetConfig, StringComparison.Ordinal);
        File.WriteAllText(folder.PathOf("source/config.json"), TinyCheckpoint.EfficientNetConfig.Replace(part, replacement, StringComparison.Ordinal));
        await RefusesAsync(folder, message);
    }

    [Theory]
    [InlineData("""{"categories": {"cat": {"Weapons_Substance_Abus": 1}}}""", "no built-in category; these are: ")]
    [InlineData("""{"categories": {"horse": {"Sexual": 1}}}""", "horse")]
    [InlineData("""{"categories": {"cat": {"Sexual": 2}}}""", "weight")]
    [InlineData("""{"display": {"horse": "a horse"}}""", "horse")]
    [InlineData("""{"rename": {"3": "bird"}}""", "renames label 3")]
    [InlineData("""{"rename": {"0": "tiger"}, "display": {"cat": "a cat"}}""", "cat")]
    [InlineData("""{"aliases": {"cat": null}}""", "aliases")]
    [InlineData("""{"categories": {"cat": null}}""", "categories")]
    [InlineData("""{"fullCategories": [null]}""", "fullCategories")]
    [InlineData("""{"rename": {"0": null}}""", "labels")]
    [InlineData("""{"calibration": {"slope": 0, "midpoint": 0.5}}""", "calibration")]
    [InlineData("""{"licenseFile": "nowhere.txt"}""", "nowhere.txt")]
    [InlineData("""{"licence": "MIT"}""", "licence")]
    [InlineData("""{"id": "a", "id": "b"}""", "id")]
    [InlineData("null", "null")]
    public async Task A_recipe_that_does_not_fit_is_refused(string json, string message)
    {
        using var folder = new TemporaryFolder();
        TinyCheckpoint.WriteEfficientNet(folder.PathOf("source"));
        File.WriteAllText(folder.PathOf("recipe.json"), json);
        CheckpointException exception = await Assert.ThrowsAsync<CheckpointException>(async () =>
        {
            ConversionOptions options = Options(folder);
            options.Recipe = ConversionRecipe.Read(folder.PathOf("recipe.json"));
            await ModelConverter.ConvertAsync(options);
        });
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_recipe_adds_stands_in_the_manifest()
    {
        using var folder = new TemporaryFolder();
        TinyCheckpoint.WriteEfficientNet(folder.PathOf("source"));
        File.WriteAllText(folder.PathOf("LICENCE.txt"), "Do what you like.");
        File.WriteAllText(folder.PathOf("recipe.json"), """
            // for the test
            {
              "id": "pets", "description": "Cats and dogs.", "license": "MIT", "licenseFile": "LICENCE.txt", "source": "here",
              "display": {"cat": "a cat"}, "aliases": {"neither": []}, "categories": {"dog": {"Animal_Cruelty": 0.5}},
              "fullCategories": ["Animal_Cruelty"], "calibration": {"slope": 2, "midpoint": 0.1},
            }
            """);
        ConversionOptions options = Options(folder);
        options.Recipe = ConversionRecipe.Read(folder.PathOf("recipe.json"));
        await ModelConverter.ConvertAsync(options);
        ModelManifest manifest = ModelPackage.Open(folder.PathOf("model")).Manifest;
        Assert.Equal(("pets", "Cats and dogs.", "MIT", "here"), (manifest.Id, manifest.Description, manifest.License, manifest.Source));
        Assert.Equal("a cat", manifest.Display["cat"]);
        Assert.Empty(manifest.NamesOf("neither"));
        Assert.Equal(0.5, manifest.Categories["dog"]["Animal_Cruelty"]);
        Assert.Equal(new ScoreCalibration(2, 0.1), manifest.Calibration);
        Assert.Equal("Do what you like.", File.ReadAllText(folder.PathOf("model/LICENSE")));
        Assert.Equal(["LICENSE", "config.json"], manifest.Files.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(null, "there is no such folder")]
    [InlineData("resnet", "efficientnet-lite, vit-classifier")]
    public async Task An_unknown_family_or_folder_is_refused_with_what_is_known(string? family, string message)
    {
        using var folder = new TemporaryFolder();
        ConversionOptions options = Options(folder);
        options.Family = family;
        CheckpointException exception = await Assert.ThrowsAsync<CheckpointException>(() => ModelConverter.ConvertAsync(options));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    private static ConversionOptions Options(TemporaryFolder folder) => new() { Source = folder.PathOf("source"), Destination = folder.PathOf("model") };

    private static Task<ConversionResult> ConvertAsync(TemporaryFolder folder) => ModelConverter.ConvertAsync(Options(folder));

    private static async Task RefusesAsync(TemporaryFolder folder, string message)
    {
        CheckpointException exception = await Assert.ThrowsAsync<CheckpointException>(() => ConvertAsync(folder));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    private static string[] Hashes(string folder) =>
        [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(file => $"{Path.GetFileName(file)} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))}")];

    private sealed class Inline(Action<ConversionProgress> report) : IProgress<ConversionProgress>
    {
        public void Report(ConversionProgress value) => report(value);
    }
}
