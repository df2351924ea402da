namespace SafeVision.Evaluation.Runs;

/// <summary>Has a guardrail judge every sample of a dataset and keeps the answers in a folder.</summary>
/// <remarks>An answer is written as soon as it is there. A run that was stopped goes on where it was when it is started again with
/// the same guardrail, dataset, options and folder; with others it is refused, so that no report mixes two.</remarks>
internal static class EvaluationRunner
{
    private const long MaximumImage = int.MaxValue; // the guardrail has the limit that counts

    /// <summary>Judges the samples that have no answer yet.</summary>
    /// <param name="guardrail">What judges. Its policy must not change meanwhile.</param>
    /// <param name="folder">Where the answers are kept; made where it is missing.</param>
    /// <param name="seed">The seed of all that is drawn at random.</param>
    /// <param name="transform">What is done to every image first; null: nothing.</param>
    /// <param name="cancellationToken">Stops the run; the answers so far are kept.</param>
    /// <returns>All answers, read back from the folder, so that a run in one go and a resumed one give the same numbers.</returns>
    /// <exception cref="EvaluationException">The folder holds another run, or a damaged one, or somebody else is writing it.</exception>
    public static async Task<EvaluationRun> RunAsync(
        IImageGuardrail guardrail,
        EvaluationDataset dataset,
        string folder,
        long seed = 1,
        IImageTransform? transform = null,
        IProgress<EvaluationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);

        GuardrailStatus status = await guardrail.WarmUpAsync(cancellationToken).ConfigureAwait(false);
        RunIdentity identity = Identify(dataset, status, seed, transform);
        using FolderLock mine = FolderLock.Take(folder, RunFiles.LockName);
        var files = new RunFiles(folder);
        if (files.ReadIdentity() is { } earlier)
        {
            ThrowIfOther(folder, earlier, identity);
        }

        (IReadOnlyList<EvaluationRecord> done, long bytes) = await files.ReadRecordsAsync(identity.Samples, cancellationToken).ConfigureAwait(false);
        ThrowIfOutOfOrder(files, done, dataset);
        files.WriteIdentity(identity);
        await using (FileStream output = OpenForOneWriter(files))
        {
            output.SetLength(bytes);
            output.Position = bytes;
            int count = done.Count;
            progress?.Report(new EvaluationProgress(count, identity.Samples, done.Count));
            var hashes = new Queue<string>();
            IAsyncEnumerable<ImageSource> images = OpenAsync(dataset, count, seed, transform, hashes, cancellationToken);
            await foreach (GuardrailResult result in guardrail.CheckManyAsync(images, cancellationToken).ConfigureAwait(false))
            {
                if (result.Provenance.PolicyHash != identity.PolicyHash)
                {
                    throw new EvaluationException("The guardrail's policy changed during the run. Start the run again with a policy that stays.");
                }

                string hash;
                lock (hashes)
                {
                    hash = hashes.Dequeue();
                }

                var record = new EvaluationRecord(dataset.Samples[count].Id, hash, result);
                await output.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(record, EvaluationJson.Default.EvaluationRecord), cancellationToken).ConfigureAwait(false);
                output.WriteByte((byte)'\n');
                await output.FlushAsync(cancellationToken).ConfigureAwait(false);
                count++;
                progress?.Report(new EvaluationProgress(count, identity.Samples, done.Count));
            }
        }

        return await EvaluationRun.ReadAsync(folder, cancellationToken).ConfigureAwait(false);
    }

    private static RunIdentity Identify(EvaluationDataset dataset, GuardrailStatus status, long seed, IImageTransform? transform) => new()
    {
        Dataset = dataset.Name,
        DatasetVersion = dataset.Version,
        DatasetHash = dataset.Hash,
        Samples = dataset.Samples.Count,
        SamplesHash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', dataset.Samples.Select(sample => sample.Id))))),
        Policy = status.Policy.Name,
        PolicyVersion = status.Policy.Version,
        PolicyHash = status.Policy.ContentHash,
        Models = [.. status.Models.Select(model => $"{model.Engine} {model.Model} {model.Sha256} {model.Provider}")],
        Transform = transform?.Name ?? "none",
        Seed = seed,
    };

    private static void ThrowIfOther(string folder, RunIdentity earlier, RunIdentity now)
    {
        (string What, string Earlier, string Now)[] parts =
        [
            ("dataset", $"{earlier.Dataset} {earlier.DatasetHash}", $"{now.Dataset} {now.DatasetHash}"),
            ("choice of samples", earlier.SamplesHash, now.SamplesHash),
            ("policy", earlier.PolicyHash, now.PolicyHash),
            ("models", string.Join(", ", earlier.Models), string.Join(", ", now.Models)),
            ("transform", earlier.Transform, now.Transform),
            ("seed", $"{earlier.Seed}", $"{now.Seed}"),
        ];
        if (parts.FirstOrDefault(part => part.Earlier != part.Now) is { What: { } what } other)
        {
            throw new EvaluationException(
                $"{folder} holds a run with another {what} ({other.Earlier}, now {other.Now}). Name another folder, or remove this one.");
        }
    }

    private static void ThrowIfOutOfOrder(RunFiles files, IReadOnlyList<EvaluationRecord> done, EvaluationDataset dataset)
    {
        for (int i = 0; i < done.Count; i++)
        {
            if (done[i].Sample != dataset.Samples[i].Id)
            {
                throw new EvaluationException(
                    $"{files.RecordsPath}, line {i + 1}: the answer for '{done[i].Sample}' stands where that for '{dataset.Samples[i].Id}' belongs. Remove the file to judge the samples anew.");
            }
        }
    }

    private static FileStream OpenForOneWriter(RunFiles files)
    {
        try
        {
            return new FileStream(files.RecordsPath, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new EvaluationException($"{files.RecordsPath} cannot be written: {exception.Message}", exception);
        }
    }

    private static async IAsyncEnumerable<ImageSource> OpenAsync(
        EvaluationDataset dataset, int first, long seed, IImageTransform? transform, Queue<string> hashes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (int i = first; i < dataset.Samples.Count; i++)
        {
            EvaluationSample sample = dataset.Samples[i];
            ImageSource image = dataset.Open(sample);
            string hash = await HashAsync(image, cancellationToken).ConfigureAwait(false);
            if (transform is not null)
            {
                image = await transform.ApplyAsync(image, sample, seed, cancellationToken).ConfigureAwait(false);
            }

            lock (hashes)
            {
                hashes.Enqueue(hash);
            }

            yield return image;
        }
    }

    /// <summary>The hash of the file's bytes; empty where it can't be read, of which the guardrail's answer then speaks.</summary>
    private static async Task<string> HashAsync(ImageSource image, CancellationToken cancellationToken)
    {
        try
        {
            using ImageBytes bytes = await image.ReadAsync(MaximumImage, cancellationToken).ConfigureAwait(false);
            return Convert.ToHexStringLower(SHA256.HashData(bytes.Memory.Span));
        }
        catch (ImageRejectedException)
        {
            return "";
        }
    }
}

/// <summary>Something that is done to every image of a run before it is judged.</summary>
/// <remarks>Implementations are thread-safe and give the same image for the same sample and seed.</remarks>
internal interface IImageTransform
{
    /// <summary>The name by which reports call it, such as <c>jpeg-30</c>.</summary>
    string Name { get; }

    /// <summary>The image as the guardrail shall see it.</summary>
    /// <param name="seed">The run's seed; mixed with the sample's id, so that the order of samples plays no part.</param>
    ValueTask<ImageSource> ApplyAsync(ImageSource image, EvaluationSample sample, long seed, CancellationToken cancellationToken);
}
