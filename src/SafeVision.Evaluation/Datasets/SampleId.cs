using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace SafeVision.Evaluation.Datasets;

/// <summary>What a sample may be called: a name that can stand in a path, a log and a page.</summary>
internal static class SampleId
{
    public const int Longest = 200;

    private const int HashCharacters = 12;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./");

    /// <summary>Whether a name is one: letters, digits, <c>_ - . /</c>, at most 200, no empty part and none of dots alone.</summary>
    public static bool IsValid(string id) =>
        id.Length is > 0 and <= Longest
        && !id.AsSpan().ContainsAnyExcept(Allowed)
        && id.Split('/').All(part => part.AsSpan().ContainsAnyExcept('.'));

    /// <summary>A valid name for any text: the text, or where it is not valid what remains of it with a hash of the whole.</summary>
    public static string From(string text)
    {
        if (IsValid(text))
        {
            return text;
        }

        // Two texts that differ only in what is replaced get different names.
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..HashCharacters];
        var kept = new StringBuilder();
        foreach (char character in text.AsSpan(0, Math.Min(text.Length, Longest - HashCharacters - 1)))
        {
            kept.Append(Allowed.Contains(character) && character is not ('/' or '.') ? character : '_');
        }

        return $"{kept}-{hash}";
    }
}
