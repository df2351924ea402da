namespace SafeVision.Training.Data;

/// <summary>A folder that a model is trained from: <c>samples.jsonl</c> with a <see cref="TrainingSample"/> a line, the
/// images in <c>images/</c>, the policies in <c>policies/</c>. Every line is checked before it is given out.
/// Thread-safe.</summary>
public sealed partial class TrainingDataset
{
    /// <summary>The file of samples.</summary>
    public const string SamplesFile = "samples.jsonl";

    /// <summary>The folder of images.</summary>
    public const string ImagesFolder = "images";

    /// <summary>The folder of policies.</summary>
    public const string PoliciesFolder = "policies";

    private const long MostImageBytes = 256L << 20;

    private TrainingDataset(string folder, IReadOnlyDictionary<TrainingSplit, int> counts) => (Folder, Counts) = (folder, counts);

    /// <summary>The dataset's folder.</summary>
    public string Folder { get; }

    /// <summary>How many samples each split has.</summary>
    public IReadOnlyDictionary<TrainingSplit, int> Counts { get; }

    /// <summary>Opens a dataset: reads all of its samples once, and refuses it where one is damaged, where an id occurs
    /// twice, where an image stands both in the test split and in another, or where a partner is missing.</summary>
    /// <exception cref="TrainingDataException">The dataset cannot be used.</exception>
    public static async Task<TrainingDataset> OpenAsync(string folder, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string path = Path.Combine(folder, SamplesFile);
        Dictionary<TrainingSplit, int> counts = Enum.GetValues<TrainingSplit>().ToDictionary(split => split, _ => 0);
        Dictionary<string, (bool IsTest, int Line)> images = new(StringComparer.Ordinal);
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        Dictionary<string, int> partners = new(StringComparer.Ordinal);
        await foreach ((TrainingSample sample, int line) in JsonLines.ReadAsync(path, DataJson.Default.TrainingSample, cancellationToken).ConfigureAwait(false))
        {
            Check(sample, $"{SamplesFile}, line {line}");
            counts[sample.Split]++;
            if (!ids.TryAdd(sample.Id, line))
            {
                throw new TrainingDataException($"{SamplesFile}, line {line}: the id '{sample.Id}' stands in line {ids[sample.Id]} already.");
            }

            bool isTest = sample.Split == TrainingSplit.Test;
            if (!images.TryAdd(sample.ImageHash, (isTest, line)) && images[sample.ImageHash].IsTest != isTest)
            {
                throw new TrainingDataException(
                    $"{SamplesFile}, line {line}: the image '{sample.Image}' is in the split {sample.Split} here and in another in line {images[sample.ImageHash].Line}. "
                    + "An image that is tested on must not be trained on: remove one of the two, or split anew.");
            }

            if (sample.Pair is { } partner)
            {
                partners.TryAdd(partner, line);
            }
        }

        string? missing = partners.Keys.FirstOrDefault(partner => !ids.ContainsKey(partner));
        return missing is null
            ? new TrainingDataset(folder, counts)
            : throw new TrainingDataException($"{SamplesFile}, line {partners[missing]}: there is no sample '{missing}', which is named as a partner.");
    }

    /// <summary>The samples to train on, in the file's order.</summary>
    /// <exception cref="TrainingDataException">A line is damaged.</exception>
    public IAsyncEnumerable<TrainingSample> ReadTrainAsync(CancellationToken cancellationToken = default) => ReadAsync(TrainingSplit.Train, cancellationToken);

    /// <summary>The samples to find mistakes on and to choose between rounds by, in the file's order.</summary>
    /// <exception cref="TrainingDataException">A line is damaged.</exception>
    public IAsyncEnumerable<TrainingSample> ReadRefineAsync(CancellationToken cancellationToken = default) => ReadAsync(TrainingSplit.Refine, cancellationToken);

    /// <summary>The samples to report on. Nothing that trains or refines takes them.</summary>
    /// <exception cref="TrainingDataException">A line is damaged.</exception>
    public async IAsyncEnumerable<HeldOutSample> ReadTestAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (TrainingSample sample in ReadAsync(TrainingSplit.Test, cancellationToken).ConfigureAwait(false))
        {
            yield return new HeldOutSample(sample);
        }
    }

    /// <summary>A sample's image, to be decoded within the library's limits.</summary>
    /// <exception cref="TrainingDataException">Its file is missing, or cannot be read.</exception>
    public ImageSource OpenImage(TrainingSample sample)
    {
        ArgumentNullException.ThrowIfNull(sample);
        string path = Path.Combine(Folder, sample.Image);
        try
        {
            using FileStream file = RegularFile.Open(path, MostImageBytes);
            return ImageSource.FromFile(path);
        }
        catch (FileRefusedException refused)
        {
            throw new TrainingDataException($"The sample '{sample.Id}': {refused.Message}", refused);
        }
    }

    /// <summary>The policy that a sample's answer follows; null where it follows none.</summary>
    /// <exception cref="PolicyException">The policy is not valid.</exception>
    /// <exception cref="TrainingDataException">Its file is missing, or cannot be read.</exception>
    public SafetyPolicy? LoadPolicy(TrainingSample sample)
    {
        ArgumentNullException.ThrowIfNull(sample);
        try
        {
            return sample.Policy is { } name ? SafetyPolicy.FromFile(Path.Combine(Folder, PoliciesFolder, name)) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TrainingDataException($"The sample '{sample.Id}': its policy '{sample.Policy}' cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Writes the samples of a dataset: whole or not at all, after each was checked as a reader would.</summary>
    /// <param name="folder">The dataset's folder; made where it is missing.</param>
    /// <param name="samples">The samples, in the order of the file.</param>
    /// <param name="cancellationToken">Leaves what was there before.</param>
    /// <exception cref="TrainingDataException">A sample is not valid.</exception>
    public static async Task WriteAsync(string folder, IAsyncEnumerable<TrainingSample> samples, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(samples);
        Directory.CreateDirectory(folder);
        await JsonLines.WriteAsync(Path.Combine(folder, SamplesFile), Checked(), DataJson.Default.TrainingSample, cancellationToken).ConfigureAwait(false);

        async IAsyncEnumerable<TrainingSample> Checked()
        {
            await foreach (TrainingSample sample in samples.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                Check(sample, $"The sample '{sample.Id}'");
                yield return sample;
            }
        }
    }

    private async IAsyncEnumerable<TrainingSample> ReadAsync(TrainingSplit split, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach ((TrainingSample sample, int line) in JsonLines.ReadAsync(Path.Combine(Folder, SamplesFile), DataJson.Default.TrainingSample, cancellationToken).ConfigureAwait(false))
        {
            Check(sample, $"{SamplesFile}, line {line}");
            if (sample.Split == split)
            {
                yield return sample;
            }
        }
    }

    private static void Check(TrainingSample sample, string where)
    {
        Require(Id().IsMatch(sample.Id) && IsInside(sample.Id), $"the id '{sample.Id}' has other characters than letters, digits, _ - . and /, or more than 200");
        Require(IsInside(sample.Image), $"the image '{sample.Image}' is not a path inside the folder, with / between its parts and without '..'");
        Require(Hash().IsMatch(sample.ImageHash), "imageHash is not the 64 lower-case hexadecimal digits of a SHA-256");
        Require(sample.Policy is not { } policy || (IsInside(policy) && !policy.Contains('/')), $"the policy '{sample.Policy}' is not the name of a file in {PoliciesFolder}/");
        Require(sample.Turns.Count > 0, "it has no turn");
        foreach (TrainingTurn turn in sample.Turns)
        {
            Require(turn.Question.Length > 0 && turn.Answer.Length > 0, "a turn has no question or no answer");
            int end = 0;
            foreach (CriticalSpan span in turn.Critical.OrderBy(span => span.Start))
            {
                Require(span.Start >= end && span.Length > 0 && span.Length <= turn.Answer.Length - span.Start, $"the critical part at {span.Start} is not inside its answer, or overlaps another");
                end = span.Start + span.Length;
            }
        }

        void Require(bool holds, string problem)
        {
            if (!holds)
            {
                throw new TrainingDataException($"{where}: {problem}.");
            }
        }
    }

    private static bool IsInside(string path) =>
        path.Length > 0 && !path.Contains('\\') && !path.Contains('\0') && !path.Contains(':') && path.Split('/').All(part => part.AsSpan().ContainsAnyExcept('.'));

    [GeneratedRegex("^(?!.{201})[A-Za-z0-9_-][A-Za-z0-9_./-]*\\z")]
    private static partial Regex Id();

    [GeneratedRegex("^[0-9a-f]{64}\\z")]
    private static partial Regex Hash();
}
