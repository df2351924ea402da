namespace SafeVision.Training.Data;

/// <summary>How a stage runs; none of it changes its records.</summary>
/// <remarks>Setting a value outside its range throws <see cref="ArgumentOutOfRangeException"/>.</remarks>
public sealed class StageRunOptions
{
    /// <summary>How many images are worked on at once, 1 to 1,024. Default: the machine's cores.</summary>
    public int Parallelism { get; set => field = value is >= 1 and <= 1024 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "1 to 1,024 images are worked on at once."); } = Environment.ProcessorCount;

    /// <summary>Whether images that failed before are tried again. Default false.</summary>
    public bool RetryFailed { get; set; }

    /// <summary>Told after every record.</summary>
    public IProgress<StageSummary>? Progress { get; set; }
}

/// <summary>What a stage did.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Kept">Images that the next stage gets.</param>
/// <param name="Dropped">Images that were looked at and left out; their records say why.</param>
/// <param name="Failed">Images that could not be looked at; their records say why.</param>
/// <param name="Before">Images that were done already.</param>
public sealed record StageSummary(string Stage, int Kept, int Dropped, int Failed, int Before);

/// <summary>A folder in which images become a training dataset, stage by stage: collect, filter, vote, generate, split,
/// export. Every stage keeps a folder of records with their provenance, and can be stopped or killed at any moment and
/// run again: it goes on where it was, without loss or repeat. Filter and vote may be left out. Not for two stages at
/// once on the same folder.</summary>
/// <remarks><c>images/</c> holds the images by their hash, <c>policies/</c> the policies by theirs, and each stage's
/// folder its <c>stage.json</c> and <c>records.jsonl</c>.</remarks>
public sealed partial class DataProject
{
    internal const string Collect = "collect", Filter = "filter", Vote = "vote", Generate = "generate", Split = "split";

    internal static IReadOnlyList<string> Stages { get; } = [Collect, Filter, Vote, Generate, Split];

    private DataProject(string folder) => Folder = folder;

    /// <summary>The project's folder.</summary>
    public string Folder { get; }

    /// <summary>Opens a project, or begins one in a folder that does not exist or is empty.</summary>
    /// <exception cref="TrainingDataException">The folder holds something else.</exception>
    public static DataProject Open(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string full = Path.GetFullPath(folder);
        if (File.Exists(full) || (Directory.Exists(full) && !Stages.Any(stage => Directory.Exists(Path.Combine(full, stage))) && Directory.EnumerateFileSystemEntries(full).Any()))
        {
            throw new TrainingDataException($"'{folder}' holds something that no stage made. Name a folder that does not exist yet, is empty, or was collected into before.");
        }

        return new DataProject(full);
    }

    internal string StageFolderOf(string stage) => Path.Combine(Folder, stage);

    /// <summary>The stage whose records another takes: the last one before it that was run.</summary>
    internal string Before(string stage) =>
        Stages.TakeWhile(name => name != stage).LastOrDefault(name => StageFolder.Exists(StageFolderOf(name)))
        ?? throw new TrainingDataException($"'{Folder}' has no images yet: collect some first.");

    /// <summary>The images that a stage passes on.</summary>
    internal IAsyncEnumerable<ImageRecord> KeptAsync(string stage, CancellationToken cancellationToken) =>
        StageFolder.ReadAsync(StageFolderOf(stage), cancellationToken).Where(record => record.Outcome == StageOutcome.Kept);

    internal ImageSource OpenImage(ImageRecord record) => ImageSource.FromFile(Path.Combine(Folder, record.Image!));

    /// <summary>Runs a stage that takes one image at a time.</summary>
    private async Task<StageSummary> RunAsync(
        string stage, IReadOnlyDictionary<string, string> asked, Func<ImageRecord, CancellationToken, Task<ImageRecord>> step, StageRunOptions? options, CancellationToken cancellationToken)
    {
        string before = Before(stage);
        var state = new StageState { Stage = stage, From = before, Options = asked };
        Dictionary<string, IReadOnlyList<string>?> labels = new(StringComparer.Ordinal);
        StageFolder folder = await StageFolder.OpenAsync(StageFolderOf(stage), state, grows: false, record => labels[record.Key] = record.Labels, cancellationToken).ConfigureAwait(false);
        await using (folder.ConfigureAwait(false))
        {
            int gone = await ForgetChangedAsync(folder, before, labels, cancellationToken).ConfigureAwait(false);
            StageSummary summary = await StageRun.RunAsync(stage, folder, KeptAsync(before, cancellationToken), record => record.Key, step, null, options ?? new(), cancellationToken).ConfigureAwait(false);
            return gone == 0 ? summary : summary with { Dropped = summary.Dropped + gone };
        }
    }

    /// <summary>Lets images be done again to which a copy that was collected later gave other labels, and drops those that the stage
    /// before passes on no longer; the last record of an image counts.</summary>
    /// <param name="labels">Of the images that are done.</param>
    /// <returns>How many it dropped.</returns>
    private async Task<int> ForgetChangedAsync(StageFolder folder, string before, Dictionary<string, IReadOnlyList<string>?> labels, CancellationToken cancellationToken)
    {
        HashSet<string> gone = [.. folder.Done.Where(done => done.Value == StageOutcome.Kept).Select(done => done.Key)];
        if (folder.Done.Count > 0)
        {
            await foreach (ImageRecord record in KeptAsync(before, cancellationToken).ConfigureAwait(false))
            {
                gone.Remove(record.Key);
                if (record.Labels is { } said && labels.TryGetValue(record.Key, out IReadOnlyList<string>? then) && then?.ToHashSet().SetEquals(said) != true)
                {
                    folder.Done.Remove(record.Key);
                }
            }
        }

        foreach (string key in gone)
        {
            await folder.AppendAsync(new ImageRecord { Key = key, Outcome = StageOutcome.Dropped, Why = $"The stage {before} passes it on no longer." }, cancellationToken).ConfigureAwait(false);
        }

        return gone.Count;
    }

    /// <summary>Keeps a policy and returns the name of its file: the same for the same content.</summary>
    internal string Keep(SafetyPolicy policy)
    {
        string name = $"{policy.ContentHash[..16]}.yaml", path = Path.Combine(Folder, TrainingDataset.PoliciesFolder, name);
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            WholeFile.Write(path, policy.ToYaml());
        }

        return name;
    }

    /// <summary>Random choices that depend on a seed and a text alone, so that an image's are the same whenever it is done.</summary>
    internal static Random RandomOf(long seed, string text) =>
        new(BitConverter.ToInt32(SHA256.HashData(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{seed}\n{text}")))));
}
