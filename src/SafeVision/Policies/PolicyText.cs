using SafeVision.Unicode;

namespace SafeVision.Policies;

/// <summary>The one form in which a policy keeps text: Unicode NFC, one line, single spaces, nothing invisible. Two texts that look
/// alike are then equal, and hash alike on every host.</summary>
internal static class PolicyText
{
    private const int LongestQuoted = 60;

    /// <summary>Normalises <paramref name="raw"/>; on failure, says why in <paramref name="problem"/> ("is empty").</summary>
    public static string? Normalize(string raw, int maxLength, out string? problem)
    {
        problem = null;

        // Checked before any work: composing a megabyte of combining marks is slow on purpose.
        if (raw.Length > 4 * maxLength)
        {
            problem = $"is longer than {maxLength} characters";
            return null;
        }

        StringBuilder text = new(raw.Length);
        bool visible = false;
        for (int index = 0; index < raw.Length;)
        {
            if (Rune.DecodeFromUtf16(raw.AsSpan(index), out Rune rune, out int consumed) != System.Buffers.OperationStatus.Done)
            {
                problem = "holds half of a surrogate pair";
                return null;
            }

            index += consumed;
            if (Rune.IsWhiteSpace(rune))
            {
                if (text.Length > 0 && text[^1] != ' ')
                {
                    text.Append(' ');
                }
            }
            else if (IsForbidden(rune))
            {
                problem = $"holds the character {Name(rune)}, which cannot be seen";
                return null;
            }
            else
            {
                text.Append(rune.ToString());
                visible |= Rune.IsLetterOrDigit(rune) || Rune.IsSymbol(rune) || Rune.IsPunctuation(rune) || Rune.IsNumber(rune);
            }
        }

        if (!visible)
        {
            problem = "is empty";
            return null;
        }

        if (text[^1] == ' ')
        {
            text.Length--;
        }

        string normalized = UnicodeNormalization.ToNfc(text.ToString());
        if (normalized.Length > maxLength)
        {
            problem = $"is longer than {maxLength} characters";
            return null;
        }

        return normalized;
    }

    /// <summary>Whether a policy refuses this character anywhere: control characters, bidirectional overrides and other invisible
    /// format characters (which can make a policy read as something that it does not say; CVE-2021-42574), letters and marks that
    /// show nothing, and code points that are no characters. The two joiners are kept, since scripts and emoji need them.</summary>
    public static bool IsForbidden(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control => rune.Value is not ('\t' or '\n' or '\r'),
        UnicodeCategory.Format => rune.Value is not (0x200C or 0x200D),
        UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => true,
        _ => (rune.Value & 0xFFFE) == 0xFFFE || rune.Value is >= 0xFDD0 and <= 0xFDEF || IsEmpty(rune),
    };

    /// <summary>Whether the character looks like a space and is a different one: a no-break space, a thin one, an ideographic one.</summary>
    public static bool IsLookAlikeSpace(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpaceSeparator && rune.Value != ' ';

    /// <summary>Letters, marks and symbols that show nothing: fillers of Hangul, the blank of braille, and the like.</summary>
    private static bool IsEmpty(Rune rune) => rune.Value
        is 0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or 0x2065 or 0x2800 or 0x3164 or 0xFFA0
        or (>= 0xFFF0 and <= 0xFFF8) or (>= 0xE0080 and <= 0xE00FF) or (>= 0xE01F0 and <= 0xE0FFF);

    /// <summary>The usual name of a code point: <c>U+202E</c>.</summary>
    public static string Name(Rune rune) => string.Create(CultureInfo.InvariantCulture, $"U+{rune.Value:X4}");

    /// <summary>A word of the policy in quotation marks, made safe and short enough for a message or a log.</summary>
    public static string Quote(string word)
    {
        StringBuilder quoted = new("'");
        foreach (Rune rune in word.EnumerateRunes())
        {
            if (quoted.Length > LongestQuoted)
            {
                quoted.Append('…');
                break;
            }

            bool plain = !IsForbidden(rune) && !IsLookAlikeSpace(rune) && rune.Value is not ('\t' or '\n' or '\r');
            quoted.Append(plain ? rune.ToString() : Name(rune));
        }

        return quoted.Append('\'').ToString();
    }
}
