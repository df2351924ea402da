namespace SafeVision.Training.Data;

public sealed partial class DataProject
{
    /// <summary>The folder of <see cref="ExportAsync"/> inside the project's.</summary>
    public const string DatasetFolder = "dataset";

    /// <summary>Writes what was generated and split as a <see cref="TrainingDataset"/> in <c>dataset/</c>, and beside
    /// it the same conversations for other trainers, a file for each split: <c>internvl/</c> (InternVL's conversations)
    /// and <c>swift/</c> (rows of ms-swift 3). Written whole or not at all; run it again after any stage.</summary>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The dataset, checked.</returns>
    /// <exception cref="TrainingDataException">Nothing was generated or split yet, filter or vote was run only after it, or a file is damaged.</exception>
    public async Task<TrainingDataset> ExportAsync(CancellationToken cancellationToken = default)
    {
        foreach (string stage in (string[])[Generate, Split])
        {
            if (!StageFolder.Exists(StageFolderOf(stage)))
            {
                throw new TrainingDataException($"'{Folder}': the stage {stage} was not run yet.");
            }
        }

        string from = StageFolder.ReadState(StageFolderOf(Generate)).From ?? Collect, before = Before(Generate);
        if (from != before)
        {
            throw new TrainingDataException(
                $"'{Folder}': the stage {Generate} was begun on the records of {from}, and {before} was run since, whose verdicts would not count. Remove '{StageFolderOf(Generate)}' and '{StageFolderOf(Split)}', and run both stages again.");
        }

        Dictionary<string, TrainingSplit> splits = new(StringComparer.Ordinal);
        await foreach (ImageRecord record in KeptAsync(Split, cancellationToken).ConfigureAwait(false))
        {
            splits[record.Key] = record.Split!.Value;
        }

        // A partner may have been dropped after it was named.
        HashSet<string> ids = new(StringComparer.Ordinal);
        HashSet<string> policies = new(StringComparer.Ordinal);
        string folder = Path.Combine(Folder, DatasetFolder);
        await foreach (TrainingSample sample in SamplesAsync(splits, null, cancellationToken).ConfigureAwait(false))
        {
            ids.Add(sample.Id);
            Copy(sample.Image);
            if (sample.Policy is { } policy && policies.Add(policy))
            {
                Copy($"{TrainingDataset.PoliciesFolder}/{policy}");
            }
        }

        await TrainingDataset.WriteAsync(folder, SamplesAsync(splits, ids, cancellationToken), cancellationToken).ConfigureAwait(false);
        TrainingDataset dataset = await TrainingDataset.OpenAsync(folder, cancellationToken).ConfigureAwait(false);
        await ForeignRows.WriteAsync(dataset, cancellationToken).ConfigureAwait(false);
        return dataset;

        void Copy(string path)
        {
            string from = Path.Combine(Folder, path), to = Path.Combine(folder, path);
            if (!File.Exists(to))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                File.Copy(from, $"{to}.tmp", overwrite: true);
                File.Move($"{to}.tmp", to);
            }
        }
    }

    private async IAsyncEnumerable<TrainingSample> SamplesAsync(
        Dictionary<string, TrainingSplit> splits, HashSet<string>? known, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (ImageRecord record in KeptAsync(Generate, cancellationToken).ConfigureAwait(false))
        {
            if (splits.TryGetValue(record.Key, out TrainingSplit split))
            {
                foreach (TrainingSample sample in record.Samples ?? [])
                {
                    yield return sample with { Split = split, Pair = known is null || known.Contains(sample.Pair ?? "") ? sample.Pair : null };
                }
            }
        }
    }
}
