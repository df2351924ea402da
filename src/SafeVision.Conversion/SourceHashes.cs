using System.Security.Cryptography;
using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion;

/// <summary>The hashes of a checkpoint's files, so that a manifest says what a model was made from.</summary>
internal static class SourceHashes
{
    private const int BufferSize = 1 << 20;

    public static IReadOnlyDictionary<string, string> Compute(IReadOnlyList<string> paths, Action<long, long> read, CancellationToken cancellationToken)
    {
        long total = 0, done = 0;
        foreach (string path in paths)
        {
            using FileStream stream = CheckpointFile.Open(path);
            total += stream.Length;
        }

        byte[] buffer = new byte[BufferSize];
        var hashes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string path in paths)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            using FileStream stream = CheckpointFile.Open(path);
            for (int count; (count = stream.Read(buffer)) > 0;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                hash.AppendData(buffer, 0, count);
                read(done += count, total);
            }

            hashes[Path.GetFileName(path)] = Convert.ToHexStringLower(hash.GetCurrentHash());
        }

        return hashes;
    }
}
