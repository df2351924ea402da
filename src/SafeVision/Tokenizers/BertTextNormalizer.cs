using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;
using SafeVision.Unicode;

namespace SafeVision.Tokenizers;

/// <summary>
/// The text form that BERT vocabularies were made for: no control characters, CJK ideographs set apart, and for uncased
/// ones no accents and lower case. It follows BertNormalizer of the reference library (huggingface/tokenizers,
/// normalizers/bert.rs) and, unlike the normaliser of Microsoft.ML.Tokenizers, does not depend on ICU.
/// </summary>
internal sealed class BertTextNormalizer(bool lowerCase) : Normalizer
{
    /// <inheritdoc/>
    public override string Normalize(ReadOnlySpan<char> original)
    {
        string clean = Clean(original);
        if (!lowerCase)
        {
            return clean;
        }

        StringBuilder text = new(clean.Length);
        foreach (Rune rune in UnicodeNormalization.ToNfd(clean).EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark)
            {
                text.Append(Rune.ToLowerInvariant(rune));
            }
        }

        return text.ToString();
    }

    /// <inheritdoc/>
    public override string Normalize(string original) => Normalize(original.AsSpan());

    private static string Clean(ReadOnlySpan<char> original)
    {
        StringBuilder text = new(original.Length);
        foreach (Rune rune in original.EnumerateRunes())
        {
            if (IsWhiteSpace(rune))
            {
                text.Append(' ');
            }
            else if (IsIdeograph(rune.Value))
            {
                text.Append(' ').Append(rune).Append(' ');
            }
            else if (!IsRemoved(rune))
            {
                text.Append(rune);
            }
        }

        return text.ToString();
    }

    // Vertical tab, form feed and next line are white space to Unicode, but control characters to the reference.
    private static bool IsWhiteSpace(Rune rune) =>
        rune.Value is '\t' or '\n' or '\r' || (Rune.IsWhiteSpace(rune) && !Rune.IsControl(rune));

    // Half a surrogate pair arrives as U+FFFD.
    private static bool IsRemoved(Rune rune) =>
        rune.Value == 0xFFFD
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse;

    /// <summary>The ranges that the reference sets apart; the gap from U+2B820 to U+2B91F is the reference's own.</summary>
    private static bool IsIdeograph(int point) => point
        is (>= 0x4E00 and <= 0x9FFF)
        or (>= 0x3400 and <= 0x4DBF)
        or (>= 0xF900 and <= 0xFAFF)
        or (>= 0x20000 and <= 0x2A6DF)
        or (>= 0x2A700 and <= 0x2B73F)
        or (>= 0x2B740 and <= 0x2B81F)
        or (>= 0x2B920 and <= 0x2CEAF)
        or (>= 0x2F800 and <= 0x2FA1F);
}
