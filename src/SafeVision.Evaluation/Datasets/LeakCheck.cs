namespace SafeVision.Evaluation.Datasets;

/// <summary>Looks for images that stand in two splits: a test that holds images of the training, saved anew or scaled, measures
/// memory. Compares every image with every other, exactly for the distance given.</summary>
public static class LeakCheck
{
    private const int MaxProblems = 100;

    private static readonly SkiaImageDecoder Decoder = new();

    /// <summary>Hashes all images and reports pairs across splits.</summary>
    /// <param name="dataset">The dataset; samples without a split count as one more split.</param>
    /// <param name="withinSplits">Whether to report pairs within one split too: they make a number too sure, but no test easier.</param>
    /// <param name="progress">Told after each image that was hashed.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static async Task<LeakReport> FindAsync(
        EvaluationDataset dataset, bool withinSplits = false, IProgress<EvaluationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        var fingerprints = new ImageFingerprint?[dataset.Samples.Count];
        int done = 0;
        await Parallel.ForAsync(0, fingerprints.Length, new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount }, async (i, stop) =>
        {
            fingerprints[i] = await FingerprintAsync(dataset, dataset.Samples[i], stop).ConfigureAwait(false);
            progress?.Report(new EvaluationProgress(Interlocked.Increment(ref done), fingerprints.Length, 0));
        }).ConfigureAwait(false);
        return Compare(dataset.Samples, fingerprints, withinSplits, cancellationToken);
    }

    /// <summary>Compares what is known of the images.</summary>
    internal static LeakReport Compare(
        IReadOnlyList<EvaluationSample> samples, IReadOnlyList<ImageFingerprint?> fingerprints, bool withinSplits, CancellationToken cancellationToken)
    {
        List<DatasetProblem> problems = [];
        int count = 0;
        Dictionary<string, int> byBytes = new(StringComparer.Ordinal);
        List<int> visible = [];
        for (int i = 0; i < fingerprints.Count; i++)
        {
            if (fingerprints[i] is not { } image)
            {
                Report(DatasetProblemKind.MissingImage, samples[i].Id, $"The image '{samples[i].Image}' can't be read, so nothing is known of its copies.");
                continue;
            }

            // Only the first of equal files goes on: the others are found beside it, and would be found again with it.
            if (!byBytes.TryAdd(image.Sha256, i))
            {
                Pair(byBytes[image.Sha256], i, "the same file");
            }
            else if (image.Pdq.Quality >= NearDuplicates.LeastQuality) // with less to see, by their bytes only
            {
                visible.Add(i);
            }
        }

        var index = new PdqIndex([.. visible.Select(i => fingerprints[i]!.Value.Pdq.Hash)]);
        for (int i = 0; i < visible.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int first = visible[i];
            index.FindAfter(i, (other, distance) => Pair(first, visible[other], $"{distance} of {PdqHash.Bits} bits apart"));
        }

        int unreadable = fingerprints.Count(image => image is null);
        return new LeakReport(problems, count, visible.Count, byBytes.Count - visible.Count, unreadable);

        void Pair(int first, int second, string how)
        {
            (EvaluationSample one, EvaluationSample other) = (samples[first], samples[second]);
            if (one.Split != other.Split)
            {
                Report(DatasetProblemKind.SharedBetweenSplits, other.Id, $"It shows the same image as '{one.Id}' ({how}); that is in {one.Split}, this in {other.Split}.");
            }
            else if (withinSplits)
            {
                Report(DatasetProblemKind.DuplicateImage, other.Id, $"It shows the same image as '{one.Id}' ({how}).");
            }
        }

        void Report(DatasetProblemKind kind, string where, string message)
        {
            if (++count <= MaxProblems)
            {
                problems.Add(new DatasetProblem(kind, where, message));
            }
        }
    }

    private static async ValueTask<ImageFingerprint?> FingerprintAsync(EvaluationDataset dataset, EvaluationSample sample, CancellationToken cancellationToken)
    {
        try
        {
            var options = new ImageDecodeOptions { MaxSampledFrames = 1, TargetShortSide = 256 }; // four times the points of the hash
            using ImageBytes bytes = await dataset.Open(sample).ReadAsync(options.Limits.MaxBytes, cancellationToken).ConfigureAwait(false);
            using DecodedImage image = await Decoder.DecodeAsync(ImageSource.FromBytes(bytes.Memory), options, cancellationToken).ConfigureAwait(false);
            return new ImageFingerprint(Convert.ToHexStringLower(SHA256.HashData(bytes.Memory.Span)), PdqHasher.Hash(image.Frames[0]));
        }
        catch (Exception error) when (error is ImageRejectedException or DatasetException)
        {
            return null;
        }
    }
}

/// <summary>What a search for images in several splits found.</summary>
/// <param name="Problems">The pairs, and the images that could not be read; the first of all.</param>
/// <param name="ProblemCount">How many problems there are, listed or not.</param>
/// <param name="Compared">Images that were compared by how they look.</param>
/// <param name="ByBytesOnly">Images with too little to see, which were compared by their bytes only.</param>
/// <param name="Unreadable">Images that could not be read.</param>
public sealed record LeakReport(IReadOnlyList<DatasetProblem> Problems, int ProblemCount, int Compared, int ByBytesOnly, int Unreadable);

/// <summary>What an image is known again by: its bytes and its looks.</summary>
internal readonly record struct ImageFingerprint(string Sha256, PdqResult Pdq);
