using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace SafeVision.Policies;

/// <summary>
/// The content hash of a policy: SHA-256 over a canonical form in which every text is preceded by its length and every
/// list by its count, so that no two policies share one form.
/// </summary>
/// <remarks>
/// The form, all numbers little-endian: the text "safevision-policy/1"; name; version; onFailure; whenNotAssessed;
/// the categories, each as id, name, protects, includes, excludes, review, block, whenNotAssessed. A text is an int32
/// count of UTF-8 bytes and the bytes; a list an int32 count and its items; a threshold a float64; a decision an int32
/// (0 block, 1 review, 2 allow, -1 none). Where a category states severity levels, there follow the text "severity" and, for
/// each category, low, medium and high as float64, NaN for a level that is not stated.
/// </remarks>
internal static class PolicyHash
{
    public static string Compute(SafetyPolicy policy)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, "safevision-policy/1");
        Add(hash, policy.Name);
        Add(hash, policy.Version);
        Add(hash, (int)policy.OnFailure);
        Add(hash, (int)policy.WhenNotAssessed);
        Add(hash, policy.Categories.Count);
        foreach (SafetyCategory category in policy.Categories)
        {
            Add(hash, category.Id);
            Add(hash, category.Name);
            Add(hash, category.Protects);
            Add(hash, category.Includes);
            Add(hash, category.Excludes);
            Add(hash, category.ReviewAt);
            Add(hash, category.BlockAt);
            Add(hash, category.WhenNotAssessed is Decision decision ? (int)decision : -1);
        }

        if (policy.Categories.Any(category => category.Severity is not null))
        {
            Add(hash, "severity");
            foreach (SeverityLevels? levels in policy.Categories.Select(category => category.Severity))
            {
                Add(hash, levels?.Low ?? double.NaN);
                Add(hash, levels?.Medium ?? double.NaN);
                Add(hash, levels?.High ?? double.NaN);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Add(IncrementalHash hash, IReadOnlyList<string> texts)
    {
        Add(hash, texts.Count);
        foreach (string text in texts)
        {
            Add(hash, text);
        }
    }

    private static void Add(IncrementalHash hash, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Add(hash, bytes.Length);
        hash.AppendData(bytes);
    }

    private static void Add(IncrementalHash hash, int number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        hash.AppendData(bytes);
    }

    private static void Add(IncrementalHash hash, double number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, number);
        hash.AppendData(bytes);
    }
}
