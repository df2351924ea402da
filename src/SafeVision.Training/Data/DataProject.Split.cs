namespace SafeVision.Training.Data;

/// <summary>How images are dealt out.</summary>
public sealed class SplitOptions
{
    /// <summary>The share that is trained on, 0 to 1; default 0.8. What the three shares leave or exceed is an error.</summary>
    public double Train { get; set; } = 0.8;

    /// <summary>The share that is refined on; default 0.1.</summary>
    public double Refine { get; set; } = 0.1;

    /// <summary>The share that is tested on; default 0.1.</summary>
    public double Test { get; set; } = 0.1;

    /// <summary>Another seed deals another way. Default 1.</summary>
    public long Seed { get; set; } = 1;
}

public sealed partial class DataProject
{
    /// <summary>Deals images out to train, refine and test: by a hash, so that an image keeps its split however many
    /// others come, and with everything that looks the same, and every edited twin, in one split. A split that a
    /// source demands wins, also one that was collected after an image was dealt out: an image moves away from training
    /// for it, and never towards it. What looks like an image of a split that is kept further from training is then
    /// dropped. The shares hold on average.</summary>
    /// <param name="split">The shares; null for the defaults.</param>
    /// <param name="options">How it runs; null for the defaults.</param>
    /// <param name="cancellationToken">Stops it; what is dealt out stays.</param>
    /// <exception cref="ArgumentException">The shares are not 1 together.</exception>
    /// <exception cref="TrainingDataException">The stage was begun with other options, or a file is damaged.</exception>
    public async Task<StageSummary> SplitAsync(SplitOptions? split = null, StageRunOptions? options = null, CancellationToken cancellationToken = default)
    {
        split ??= new SplitOptions();
        if (!(split.Train >= 0 && split.Refine >= 0 && split.Test >= 0 && Math.Abs(split.Train + split.Refine + split.Test - 1) < 1e-9))
        {
            throw new ArgumentException("The shares of train, refine and test are not 1 together.", nameof(split));
        }

        string before = Before(Split);
        var state = new StageState
        {
            Stage = Split,
            From = before,
            Options = new Dictionary<string, string> { ["shares"] = string.Create(CultureInfo.InvariantCulture, $"{split.Train} {split.Refine} {split.Test}"), ["seed"] = split.Seed.ToString(CultureInfo.InvariantCulture) },
        };
        Dictionary<string, TrainingSplit> dealt = new(StringComparer.Ordinal);
        StageFolder folder = await StageFolder.OpenAsync(
            StageFolderOf(Split), state, grows: false, Remember, cancellationToken).ConfigureAwait(false);
        await using (folder.ConfigureAwait(false))
        {
            // A copy that was collected later says so there alone.
            Dictionary<string, TrainingSplit> pinned = await KeptAsync(Collect, cancellationToken).Where(record => record.Pinned is not null)
                .ToDictionaryAsync(record => record.Key, record => record.Pinned!.Value, StringComparer.Ordinal, cancellationToken).ConfigureAwait(false);
            List<ImageRecord> images = await KeptAsync(before, cancellationToken)
                .Select(record => record with { Samples = null, Objects = null, Votes = null, Reasons = null, Pinned = pinned.TryGetValue(record.Key, out TrainingSplit demanded) ? demanded : record.Pinned })
                .ToListAsync(cancellationToken).ConfigureAwait(false);
            IEnumerable<ImageRecord> records = Groups(images).SelectMany(group => Deal(group, dealt, split));
            Dictionary<string, ImageRecord> byKey = records.ToDictionary(record => record.Key, StringComparer.Ordinal);
            foreach ((string key, TrainingSplit earlier) in dealt)
            {
                if (byKey.TryGetValue(key, out ImageRecord? now) && now.Split != earlier)
                {
                    folder.Done.Remove(key); // it is written again, and the last record counts
                }
            }

            return await StageRun.RunAsync(
                Split, folder, images.ToAsyncEnumerable(), image => image.Key, (image, _) => Task.FromResult(byKey[image.Key]), null, options ?? new(), cancellationToken).ConfigureAwait(false);
        }

        void Remember(ImageRecord record)
        {
            dealt.Remove(record.Key);
            if (record.Split is { } own)
            {
                dealt[record.Key] = own;
            }
        }
    }

    /// <summary>Images that must stay together: those that look the same, and edited twins.</summary>
    private static IEnumerable<IReadOnlyList<ImageRecord>> Groups(List<ImageRecord> images)
    {
        int[] parents = [.. Enumerable.Range(0, images.Count)];
        foreach ((int first, int second, _) in NearDuplicates.Find([.. images.Select(image => image.Looks)]))
        {
            Join(first, second);
        }

        Dictionary<string, int> places = images.Select((image, i) => (image.Key, i)).ToDictionary(pair => pair.Key, pair => pair.i, StringComparer.Ordinal);
        for (int i = 0; i < images.Count; i++)
        {
            if (images[i].Pair is { } pair && places.TryGetValue(pair, out int twin))
            {
                Join(i, twin);
            }
        }

        return images.Select((image, i) => (image, Root: Root(i))).GroupBy(pair => pair.Root, pair => pair.image).Select(group => group.ToArray());

        int Root(int i)
        {
            while (parents[i] != i)
            {
                i = parents[i] = parents[parents[i]];
            }

            return i;
        }

        void Join(int first, int second) => parents[Root(second)] = Root(first);
    }

    private static IEnumerable<ImageRecord> Deal(IReadOnlyList<ImageRecord> group, Dictionary<string, TrainingSplit> dealt, SplitOptions options)
    {
        string name = group.Select(image => image.Key).Min(StringComparer.Ordinal)!;
        TrainingSplit[] earlier = [.. group.Where(image => dealt.ContainsKey(image.Key)).Select(image => dealt[image.Key]).Distinct()];
        TrainingSplit[] demanded = [.. group.Where(image => image.Pinned is not null).Select(image => image.Pinned!.Value)];

        // Of several the one furthest from training wins, so that no test becomes easier.
        TrainingSplit split = earlier.Length + demanded.Length > 0 ? earlier.Concat(demanded).Max() : Draw();
        bool isTaken = demanded.Length > 0 && demanded.Max() == split;
        return group.Select(image =>
        {
            var record = new ImageRecord { Key = image.Key, Outcome = StageOutcome.Kept, Group = name };
            return dealt.TryGetValue(image.Key, out TrainingSplit own) && (own == split || !isTaken) ? record with { Split = own }
                : own < split && isTaken && dealt.ContainsKey(image.Key) && image.Pinned != split ? record.Drop($"It was dealt to {own}, but looks like an image that its source puts into {split} ({name}).")
                : earlier.Length > 1 && !isTaken ? record.Drop($"It looks like images of several splits, {string.Join(" and ", earlier)}.")
                : image.Pinned is { } pinned && pinned != split ? record.Drop($"Its source puts it into {pinned}, but it looks like an image of {split} ({name}).")
                : record with { Split = split };
        });

        TrainingSplit Draw()
        {
            double place = RandomOf(options.Seed, name).NextDouble();
            return place < options.Train ? TrainingSplit.Train : place < options.Train + options.Refine ? TrainingSplit.Refine : TrainingSplit.Test;
        }
    }
}
