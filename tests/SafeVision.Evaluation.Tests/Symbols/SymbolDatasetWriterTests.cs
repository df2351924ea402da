using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Symbols;
using SafeVision.Policies;

namespace SafeVision.Evaluation.Tests.Symbols;

public sealed class SymbolDatasetWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("symbols").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_same_seed_gives_the_same_bytes_whatever_the_number_of_threads()
    {
        string one = await WriteAsync("one", seed: 1, threads: 1);
        string three = await WriteAsync("three", seed: 1, threads: 3);
        string other = await WriteAsync("other", seed: 2, threads: 3);

        Assert.Equal(one, three);
        Assert.NotEqual(one, other);
        Assert.Equal(Hashes("one"), Hashes("three"));
    }

    [Fact]
    public async Task The_recorded_bytes_come_again()
    {
        // Skia chooses its arithmetic by the processor, and gradients may differ in the last bit between kinds of them.
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == Architecture.X64 && Fma.IsSupported, "Recorded on an x64 processor with FMA.");

        Assert.Equal("87dc13719efd2d3abc06ce0d60792d2b2fdfcf52374efbda26737b102d6e64f3", await WriteAsync("recorded", seed: 1, threads: 2));
    }

    [Fact]
    public async Task The_dataset_reads_back_as_it_was_made()
    {
        await WriteAsync("read", seed: 6, threads: 2);

        EvaluationDataset dataset = DatasetReader.Read(Path.Combine(_folder, "read"), cancellationToken: TestContext.Current.CancellationToken);

        SymbolBenchmark benchmark = Create(seed: 6);
        Assert.Empty(dataset.Problems);
        Assert.Equal("VisionHarm-S", dataset.Name);
        Assert.Equal(benchmark.Categories, dataset.Categories);
        Assert.Equal(benchmark.Draw().Select(image => Encoding.UTF8.GetString(SymbolJson.Write(image.Sample))), dataset.Samples.Select(sample => Encoding.UTF8.GetString(SymbolJson.Write(sample))));
    }

    [Fact]
    public async Task A_dataset_has_images_truth_policies_and_attribution()
    {
        string hash = await WriteAsync("whole", seed: 4, threads: 2);

        string folder = Path.Combine(_folder, "whole");
        using JsonDocument header = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(folder, "dataset.json"), TestContext.Current.CancellationToken));
        Assert.Equal("VisionHarm-S", header.RootElement.GetProperty("name").GetString());
        Assert.Equal(hash, header.RootElement.GetProperty("contentHash").GetString());
        string[] lines = await File.ReadAllLinesAsync(Path.Combine(folder, "samples.jsonl"), TestContext.Current.CancellationToken);
        Assert.Equal(12, lines.Length);
        Assert.All(lines, line =>
        {
            using JsonDocument sample = JsonDocument.Parse(line);
            Assert.True(File.Exists(Path.Combine(folder, sample.RootElement.GetProperty("image").GetString()!)));
            Assert.Contains(sample.RootElement.GetProperty("split").GetString(), new[] { "train", "validation", "test" });
        });
        Assert.Equal(SymbolBenchmark.Nine, SafetyPolicy.FromFile(Path.Combine(folder, "policies", "visionharm-t.yaml")));
        Assert.Equal(SymbolBenchmark.Novel, SafetyPolicy.FromFile(Path.Combine(folder, "policies", "visionharm-s-novel.yaml")));
        string attribution = await File.ReadAllTextAsync(Path.Combine(folder, "ATTRIBUTION.md"), TestContext.Current.CancellationToken);
        Assert.All(new[] { "Lorc", "CC-BY-3.0", "CC-BY-4.0", "Apache-2.0" }, text => Assert.Contains(text, attribution, StringComparison.Ordinal));
        Assert.DoesNotContain("share-alike", attribution, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_build_leaves_nothing_and_one_over_something_is_refused()
    {
        using var source = new CancellationTokenSource();
        var stop = new Progress(source);
        SymbolBenchmark benchmark = SymbolBenchmark.Create(new SymbolBenchmarkOptions { Count = 500, ImageSize = 128 });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SymbolDatasetWriter.WriteAsync(benchmark, Path.Combine(_folder, "stopped"), 2, stop, source.Token));
        await File.WriteAllTextAsync(Path.Combine(_folder, "mine.txt"), "keep", TestContext.Current.CancellationToken);

        Assert.Equal([Path.Combine(_folder, "mine.txt")], Directory.EnumerateFileSystemEntries(_folder));
        IOException exception = await Assert.ThrowsAsync<IOException>(() => SymbolDatasetWriter.WriteAsync(benchmark, _folder, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Contains("exists already", exception.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(_folder, "mine.txt")));
    }

    [Fact]
    public async Task A_second_build_into_a_folder_that_is_being_built_is_refused_and_harms_nothing()
    {
        using (FolderLock.TryTake(_folder, ".twice.lock"))
        {
            IOException refused = await Assert.ThrowsAsync<IOException>(() => WriteAsync("twice", seed: 1, threads: 2));
            Assert.Contains("is being built by somebody else", refused.Message, StringComparison.Ordinal);
        }

        await WriteAsync("twice", seed: 1, threads: 2);
        Assert.Equal([Path.Combine(_folder, "twice")], Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public async Task What_a_killed_build_left_is_replaced_and_what_somebody_else_left_is_kept()
    {
        string partial = Path.Combine(_folder, "again.partial");
        Directory.CreateDirectory(Path.Combine(partial, "images"));
        await File.WriteAllTextAsync(Path.Combine(partial, "images", "train-000000.png"), "half", TestContext.Current.CancellationToken);
        await WriteAsync("again", seed: 1, threads: 2);
        Assert.False(Directory.Exists(partial));
        Assert.Equal(12, Directory.GetFiles(Path.Combine(_folder, "again", "images")).Length);

        string foreign = Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "other.partial")).FullName, "thesis.txt");
        await File.WriteAllTextAsync(foreign, "keep", TestContext.Current.CancellationToken);
        IOException exception = await Assert.ThrowsAsync<IOException>(() => WriteAsync("other", seed: 1, threads: 2));
        Assert.Contains("thesis.txt", exception.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(foreign));
    }

    [Fact]
    public async Task Attribution_names_the_sets_that_are_shown_and_a_share_alike_one_as_such()
    {
        SymbolBenchmark train = SymbolBenchmark.Create(new SymbolBenchmarkOptions { Count = 2, Split = DatasetSplit.Train, ImageSize = 128 });
        Assert.Equal(["fluent-emoji-flat", "mdi", "game-icons"], train.Sets.Select(set => set.Prefix));

        // A user's set: here one icon's body under names that are looked for.
        string file = Path.Combine(_folder, "icons.json");
        string icons = string.Join(',', new[] { "dog", "cat", "bone", "teddy-bear", "laptop", "dagger", "tornado", "wine-glass" }.Select(id => $"\"{id}\":{{\"body\":\"<path d='M{id.Length} 2h9v9H{id.Length}z'/>\"}}"));
        await File.WriteAllTextAsync(file, $"{{\"prefix\":\"mine\",\"icons\":{{{icons}}}}}", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(_folder, "info.json"), "{\"name\":\"Mine\",\"author\":{\"name\":\"Somebody\"},\"license\":{\"spdx\":\"CC-BY-SA-4.0\"}}", TestContext.Current.CancellationToken);
        SymbolBenchmark own = SymbolBenchmark.Create(new SymbolBenchmarkOptions { Count = 8, ImageSize = 128, IconSet = file });
        await SymbolDatasetWriter.WriteAsync(own, Path.Combine(_folder, "own"), 2, cancellationToken: TestContext.Current.CancellationToken);

        string attribution = await File.ReadAllTextAsync(Path.Combine(_folder, "own", "ATTRIBUTION.md"), TestContext.Current.CancellationToken);
        Assert.All(new[] { "Mine by Somebody", "CC-BY-SA-4.0", "share-alike", "Material Design Icons" }, text => Assert.Contains(text, attribution, StringComparison.Ordinal));
        Assert.All(own.Draw(), image => Assert.Equal(DatasetSplit.Test, image.Sample.Split));
    }

    private async Task<string> WriteAsync(string name, long seed, int threads)
    {
        return await SymbolDatasetWriter.WriteAsync(Create(seed), Path.Combine(_folder, name), threads, cancellationToken: TestContext.Current.CancellationToken);
    }

    private static SymbolBenchmark Create(long seed) => SymbolBenchmark.Create(new SymbolBenchmarkOptions { Count = 12, Seed = seed, ImageSize = 256 });

    private Dictionary<string, string> Hashes(string name) => Directory.EnumerateFiles(Path.Combine(_folder, name), "*", SearchOption.AllDirectories)
        .ToDictionary(file => Path.GetRelativePath(Path.Combine(_folder, name), file), file => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))));

    private sealed class Progress(CancellationTokenSource source) : IProgress<EvaluationProgress>
    {
        public void Report(EvaluationProgress value) => source.Cancel();
    }
}
