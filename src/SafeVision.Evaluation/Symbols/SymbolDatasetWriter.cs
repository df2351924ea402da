using System.Collections.Concurrent;
using System.Text.Encodings.Web;

namespace SafeVision.Evaluation.Symbols;

/// <summary>Writes a benchmark as a folder: images/, samples.jsonl, dataset.json, policies/, ATTRIBUTION.md.</summary>
internal static class SymbolDatasetWriter
{
    /// <summary>The version of what is drawn: two versions give different images for the same seed.</summary>
    internal const string Version = "1";

    // What a build that was killed may have left.
    private static readonly string[] s_own = ["images", "policies", "samples.jsonl", "dataset.json", "ATTRIBUTION.md"];

    /// <inheritdoc cref="SymbolBenchmark.WriteAsync"/>
    public static async Task<string> WriteAsync(SymbolBenchmark benchmark, string folder, int threads = 0, IProgress<EvaluationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        string whole = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (File.Exists(whole) || (Directory.Exists(whole) && Directory.EnumerateFileSystemEntries(whole).Any()))
        {
            throw new IOException($"'{folder}' exists already. Remove it, or build into another folder.");
        }

        using FolderLock mine = FolderLock.TryTake(Path.GetDirectoryName(whole)!, $".{Path.GetFileName(whole)}.lock")
            ?? throw new IOException($"'{folder}' is being built by somebody else. Wait until that has ended, or build into another folder.");
        string partial = whole + ".partial";
        if (Directory.Exists(partial) && Directory.EnumerateFileSystemEntries(partial).FirstOrDefault(entry => !s_own.Contains(Path.GetFileName(entry))) is { } foreign)
        {
            throw new IOException($"'{partial}' would be written to, but holds '{Path.GetFileName(foreign)}', which no build made. Remove it, or build into another folder.");
        }

        try
        {
            Remove(partial);
            Directory.CreateDirectory(Path.Combine(partial, "images"));
            string hash = await WritePartsAsync(benchmark, partial, threads == 0 ? Environment.ProcessorCount : threads, progress, cancellationToken).ConfigureAwait(false);
            Remove(whole);
            Directory.Move(partial, whole);
            return hash;
        }
        catch
        {
            Remove(partial);
            throw;
        }
    }

    private static async Task<string> WritePartsAsync(SymbolBenchmark benchmark, string folder, int threads, IProgress<EvaluationProgress>? progress, CancellationToken cancellationToken)
    {
        var lines = new byte[benchmark.Count][];
        var hashes = new byte[benchmark.Count][];
        var counts = new ConcurrentDictionary<string, int>();
        var painters = new ConcurrentBag<ScenePainter>();
        int done = 0;
        try
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken };
            await Parallel.ForAsync(0, benchmark.Count, options, async (index, token) =>
            {
                ScenePainter painter = painters.TryTake(out ScenePainter? free) ? free : benchmark.CreatePainter();
                SymbolImage image;
                try
                {
                    image = benchmark.Draw(index, painter);
                }
                finally
                {
                    painters.Add(painter);
                }

                lines[index] = SymbolJson.Write(image.Sample);
                hashes[index] = SHA256.HashData(image.Png.Span);
                foreach (string label in image.Sample.Labels.DefaultIfEmpty("SAFE"))
                {
                    counts.AddOrUpdate(label, 1, (_, count) => count + 1);
                }

                await File.WriteAllBytesAsync(Path.Combine(folder, image.Sample.Image), image.Png, token).ConfigureAwait(false);
                progress?.Report(new EvaluationProgress(Interlocked.Increment(ref done), benchmark.Count, 0));
            }).ConfigureAwait(false);
        }
        finally
        {
            foreach (ScenePainter painter in painters)
            {
                painter.Dispose();
            }
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using (FileStream samples = File.Create(Path.Combine(folder, "samples.jsonl")))
        {
            foreach (byte[] line in lines)
            {
                hash.AppendData(line);
                await samples.WriteAsync(line, cancellationToken).ConfigureAwait(false);
            }
        }

        foreach (byte[] image in hashes)
        {
            hash.AppendData(image);
        }

        SymbolDatasetHeader header = benchmark.Describe(Convert.ToHexStringLower(hash.GetHashAndReset()), counts);
        await File.WriteAllBytesAsync(Path.Combine(folder, "dataset.json"), SymbolJson.Write(header), cancellationToken).ConfigureAwait(false);
        await File.WriteAllTextAsync(Path.Combine(folder, "ATTRIBUTION.md"), SymbolAttribution.Write(header.Sets), cancellationToken).ConfigureAwait(false);
        string policies = Directory.CreateDirectory(Path.Combine(folder, "policies")).FullName;
        await File.WriteAllTextAsync(Path.Combine(policies, "visionharm-t.yaml"), SymbolBenchmark.Nine.ToYaml(), cancellationToken).ConfigureAwait(false);
        await File.WriteAllTextAsync(Path.Combine(policies, "visionharm-s-novel.yaml"), SymbolBenchmark.NovelText, cancellationToken).ConfigureAwait(false);
        return header.ContentHash;
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

/// <summary>What dataset.json says of a dataset that was built here.</summary>
internal sealed record SymbolDatasetHeader
{
    public required string Name { get; init; }
    public required string Version { get; init; }

    public required string Notice { get; init; } // what it must not be taken for

    public required IReadOnlyList<string> Categories { get; init; }
    public required long Seed { get; init; }
    public required string Split { get; init; }
    public required int Count { get; init; }
    public required int ImageSize { get; init; }
    public required double SafeShare { get; init; }

    public required string ContentHash { get; init; } // SHA-256 over samples.jsonl and then all images in its order

    /// <summary>How many images fall under each category, and how many under none (SAFE).</summary>
    public required IReadOnlyDictionary<string, int> Counts { get; init; }

    public required IReadOnlyList<SymbolSetNotice> Sets { get; init; }
}

/// <summary>How samples.jsonl and dataset.json are written: properties and names of enums in camel case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(EvaluationSample))]
[JsonSerializable(typeof(SymbolDatasetHeader))]
internal sealed partial class SymbolJson : JsonSerializerContext
{
    public static byte[] Write(EvaluationSample sample) => [.. JsonSerializer.SerializeToUtf8Bytes(sample, Forms.Line.EvaluationSample), (byte)'\n'];

    public static byte[] Write(SymbolDatasetHeader header) => [.. JsonSerializer.SerializeToUtf8Bytes(header, Forms.Indented.SymbolDatasetHeader), (byte)'\n'];

    private static class Forms
    {
        public static readonly SymbolJson Line = new(Create(isIndented: false));
        public static readonly SymbolJson Indented = new(Create(isIndented: true));

        // Apostrophes stay readable: the files are no part of a web page.
        private static JsonSerializerOptions Create(bool isIndented) => new()
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            WriteIndented = isIndented,
            NewLine = "\n",
            Converters = { new JsonStringEnumConverter<DatasetSplit>(JsonNamingPolicy.CamelCase) },
        };
    }
}
