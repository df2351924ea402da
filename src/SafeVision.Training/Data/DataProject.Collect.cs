// Data: training data from images and a policy, in stages that can be stopped and run again. DataProject is the way in, a file for each
// stage (Collect, Filter, Vote, Generate, Split, Export, Report); records are JsonLines of TrainingSamples, and TrainingDataset reads them.

using SafeVision.Training.Data.Sources;

namespace SafeVision.Training.Data;

public sealed partial class DataProject
{
    private const int LooksSide = 256; // four times the points of the perceptual hash

    private static readonly SkiaImageDecoder s_decoder = new();

    /// <summary>Collects images: gets each once, decodes it within the library's limits, and keeps its bytes unchanged
    /// under their hash. Several sources may be collected into one project, one after the other. A second image with
    /// the same bytes is dropped; what it is said to fall under counts for the first, and of two splits that are demanded
    /// the one further from training.</summary>
    /// <param name="source">Where from. A source that was collected before adds what is new in it.</param>
    /// <param name="options">How it runs; null for the defaults.</param>
    /// <param name="cancellationToken">Stops it; what is collected stays.</param>
    /// <exception cref="TrainingDataException">A source of that name with other content was collected before, or the stage's files are damaged.</exception>
    public async Task<StageSummary> CollectAsync(DataSource source, StageRunOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        var state = new StageState { Stage = Collect, Options = new Dictionary<string, string> { [$"source {source.Name}"] = source.Identity } };
        Dictionary<string, string> byHash = new(StringComparer.Ordinal);
        Dictionary<string, ImageRecord> copies = new(StringComparer.Ordinal); // what is said of an image's copies, by its key
        StageSummary summary;
        StageFolder folder = await StageFolder.OpenAsync(StageFolderOf(Collect), state, grows: true, Remember, cancellationToken).ConfigureAwait(false);
        await using (folder.ConfigureAwait(false))
        {
            summary = await StageRun.RunAsync(
                Collect, folder, source.ReadAsync(cancellationToken), candidate => candidate.Key, CollectAsync, Finish, options ?? new(), cancellationToken).ConfigureAwait(false);
        }

        if (copies.Count > 0)
        {
            List<ImageRecord> changed = [];
            StageFolder again = await StageFolder.OpenAsync(StageFolderOf(Collect), state, grows: true, Compare, cancellationToken).ConfigureAwait(false);
            await using (again.ConfigureAwait(false))
            {
                foreach (ImageRecord record in changed)
                {
                    await again.AppendAsync(record, cancellationToken).ConfigureAwait(false);
                }
            }

            void Compare(ImageRecord record)
            {
                if (copies.TryGetValue(record.Key, out ImageRecord? copy) && copy.SaysMoreThan(record))
                {
                    changed.Add(record.WithCopy(copy));
                }
            }
        }

        return summary;

        ImageRecord Finish(ImageRecord record)
        {
            if (byHash.TryAdd(record.Hash!, record.Key) || byHash[record.Hash!] == record.Key)
            {
                return record;
            }

            ImageRecord copy = record.Drop($"It is the same file as {byHash[record.Hash!]}.");
            Remember(copy);
            return copy;
        }

        void Remember(ImageRecord record)
        {
            if (record.Outcome == StageOutcome.Kept)
            {
                byHash.TryAdd(record.Hash!, record.Key);
            }
            else if (record.Hash is { } hash && byHash.TryGetValue(hash, out string? key) && (record.Labels ?? (object?)record.Pinned) is not null)
            {
                copies[key] = copies.TryGetValue(key, out ImageRecord? other) ? other.WithCopy(record)
                    : new ImageRecord { Key = key, Outcome = StageOutcome.Dropped, Labels = record.Labels, Pinned = record.Pinned };
            }
        }
    }

    private async Task<ImageRecord> CollectAsync(Candidate candidate, CancellationToken cancellationToken)
    {
        ImageRecord record = candidate.Describe();
        try
        {
            ReadOnlyMemory<byte> bytes = await candidate.Open(cancellationToken).ConfigureAwait(false);
            using DecodedImage image = await s_decoder.DecodeAsync(
                ImageSource.FromBytes(bytes), new ImageDecodeOptions { MaxSampledFrames = 1, TargetShortSide = LooksSide }, cancellationToken).ConfigureAwait(false);
            string hash = Convert.ToHexStringLower(SHA256.HashData(bytes.Span));
            string path = $"{TrainingDataset.ImagesFolder}/{hash[..2]}/{hash}.{image.Format.ToString().ToLowerInvariant()}";
            string full = Path.Combine(Folder, path);
            if (!File.Exists(full))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(full)!);
                WholeFile.Write(full, stream => stream.Write(bytes.Span));
            }

            return record with { Image = path, Hash = hash, Looks = NearDuplicates.HashOf(image.Frames[0]) };
        }
        catch (FetchException error)
        {
            return error.IsFinal ? record.Drop(error.Message) : record.Fail(error.Message);
        }
        catch (ImageRejectedException error)
        {
            return error.Reason == ImageRejectionReason.Unreadable ? record.Fail(error.Message) : record.Drop(error.Message);
        }
        catch (DatasetException error)
        {
            return record.Drop(error.Message);
        }
    }
}
