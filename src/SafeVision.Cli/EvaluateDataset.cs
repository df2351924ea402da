using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Symbols;
using SafeVision.Policies;

namespace SafeVision.Cli;

/// <summary>The samples and policies that a command line asks to measure with.</summary>
internal static class EvaluateDataset
{
    /// <summary>The benchmark that is drawn on the spot.</summary>
    public const string VisionHarmS = "visionharm-s";

    private const int DefaultCount = 1_000;

    /// <summary>Reads the dataset, or draws it where it is the one that comes with the library, and chooses the samples.</summary>
    public static async Task<EvaluationDataset> OpenAsync(EvaluateRequest request, TextWriter error, CancellationToken cancellationToken)
    {
        string path = request.Dataset == VisionHarmS && !Directory.Exists(VisionHarmS)
            ? await DrawAsync(request, error, cancellationToken)
            : request.Dataset;
        EvaluationDataset dataset = DatasetReader.Read(path, request.Reading, cancellationToken);
        EvaluationDataset chosen = request.Split == "all" ? dataset : dataset.Only(Splits(request.Split));
        if (chosen.Samples.Count == 0)
        {
            throw new DatasetException($"{dataset.Name} has {dataset.Samples.Count} samples, but none of the split '{request.Split}'. Choose another with --split.");
        }

        return request.Limit is { } limit ? SampleChoice.Take(chosen, limit, request.Seed) : chosen;
    }

    /// <summary>The policies that were named, else those that lie in the dataset, else the starter policy.</summary>
    public static IReadOnlyList<SafetyPolicy> Policies(EvaluateRequest request, EvaluationDataset dataset)
    {
        string own = Path.Combine(dataset.Folder, "policies");
        IReadOnlyList<string> files = request.Policies.Count > 0 ? request.Policies
            : Directory.Exists(own) ? [.. Directory.EnumerateFiles(own, "*.yaml").Order(StringComparer.Ordinal)]
            : [];
        SafetyPolicy[] policies = files.Count == 0 ? [SafetyPolicy.Starter] : [.. files.Select(PolicyOption.Read)];
        return policies.GroupBy(policy => FolderName(policy.Name)).FirstOrDefault(group => group.Count() > 1) is { } twice
            ? throw new ArgumentException($"Two of the policies are called '{twice.First().Name}'. Their reports need names that differ.")
            : policies;
    }

    /// <summary>A policy's name as a folder's: whatever could mean something to a file system becomes a dash.</summary>
    public static string FolderName(string policy) =>
        string.Concat(policy.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' ? letter : '-'));

    private static async Task<string> DrawAsync(EvaluateRequest request, TextWriter error, CancellationToken cancellationToken)
    {
        int count = request.Limit ?? DefaultCount;
        string folder = Path.Combine(request.Folder, $"{VisionHarmS}-{request.Split}-{count}-seed-{request.Seed}");
        if (Directory.Exists(folder))
        {
            return folder;
        }

        Directory.CreateDirectory(request.Folder);
        var benchmark = SymbolBenchmark.Create(new SymbolBenchmarkOptions { Count = count, Seed = request.Seed, Split = request.Split == "all" ? DatasetSplit.None : Splits(request.Split)[^1] });
        await SymbolBuild.WriteAsync(benchmark, folder, threads: 0, error, cancellationToken);
        return folder;
    }

    private static DatasetSplit[] Splits(string word) => word switch
    {
        "train" => [DatasetSplit.Train],
        "validation" => [DatasetSplit.Validation],
        "calibration" => [DatasetSplit.Calibration],
        _ => [DatasetSplit.None, DatasetSplit.Test],
    };
}
