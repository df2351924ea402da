using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace SafeVision.Evaluation.Datasets;

/// <summary>Names of splits, and the dealing out of samples to them.</summary>
internal static class DatasetSplits
{
    /// <summary>The split that a word means; <see cref="DatasetSplit.None"/> for every other word.</summary>
    public static DatasetSplit Parse(string? text) => text?.Trim().ToUpperInvariant() switch
    {
        "TRAIN" or "TRAINING" => DatasetSplit.Train,
        "VAL" or "VALID" or "VALIDATION" or "DEV" => DatasetSplit.Validation,
        "CAL" or "CALIBRATION" => DatasetSplit.Calibration,
        "TEST" or "TESTING" => DatasetSplit.Test,
        _ => DatasetSplit.None,
    };

    /// <summary>A number from 0 to below 1 that depends on nothing but the two texts, the same on every machine.</summary>
    public static double Fraction(string salt, string text) => (Bits(salt, text) >> 11) * (1.0 / (1UL << 53)); // the 53 bits that a double holds

    /// <summary>64 bits that depend on nothing but the two texts: a place in an order, or a seed.</summary>
    public static ulong Bits(string salt, string text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{salt}\n{text}"), hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }
}
