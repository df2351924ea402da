using System.Globalization;
using System.Text;
using SafeVision.Unicode;

namespace SafeVision.Models;

/// <summary>
/// Text to the token ids of a BERT model: <c>[CLS]</c>, word pieces, <c>[SEP]</c>. Special tokens written in
/// the text are text, so that a phrase can neither end nor mask itself. Takes any text, lone surrogates too. Thread-safe.
/// </summary>
/// <remarks>
/// It follows huggingface/tokenizers (normalizers/bert.rs, pre_tokenizers/bert.rs, models/wordpiece), and does not depend on
/// ICU. Ids equal that library's but for some six hundred code points of rare scripts, for which its Unicode tables are of
/// version 8: it takes marks, format characters and punctuation among them for letters.
/// </remarks>
internal sealed class BertSentenceTokenizer
{
    private const int LongestWord = 100; // in code points; what is longer is one unknown token

    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _first;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _continued;
    private readonly bool _lowerCase;
    private readonly int _maxTokens;
    private readonly int _classification;
    private readonly int _separator;
    private readonly int _unknown;

    private BertSentenceTokenizer(Dictionary<string, int> ids, int maxTokens, bool lowerCase)
    {
        (_maxTokens, _lowerCase) = (maxTokens, lowerCase);
        (_unknown, _classification, _separator) = (Require("[UNK]"), Require("[CLS]"), Require("[SEP]"));
        _first = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        _continued = ids.Where(piece => piece.Key.StartsWith("##", StringComparison.Ordinal))
            .ToDictionary(piece => piece.Key[2..], piece => piece.Value, StringComparer.Ordinal)
            .GetAlternateLookup<ReadOnlySpan<char>>();

        int Require(string token) => ids.TryGetValue(token, out int id)
            ? id
            : throw new InvalidDataException($"the vocabulary has {ids.Count} word pieces, but no {token}");
    }

    /// <summary>Reads a vocabulary in UTF-8, one word piece a line, ids from 0.</summary>
    /// <param name="vocabulary">The file.</param>
    /// <param name="maxTokens">How many ids a text has at most, the two around it included; what is over is cut off.</param>
    /// <param name="lowerCase">Whether the model is uncased: texts are lower-cased and stripped of accents.</param>
    /// <exception cref="InvalidDataException">The vocabulary lacks a special token or repeats a word piece.</exception>
    public static BertSentenceTokenizer Create(byte[] vocabulary, int maxTokens, bool lowerCase)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTokens, 2);
        return new BertSentenceTokenizer(ReadIds(vocabulary), maxTokens, lowerCase);
    }

    /// <summary>The ids of a text, from 2 to the greatest number that was set.</summary>
    public IReadOnlyList<int> Encode(string text)
    {
        string normal = Normalize(text);
        List<int> ids = [_classification];
        foreach ((int start, int length) in Words(normal))
        {
            AddPieces(normal.AsSpan(start, length), ids);
            if (ids.Count >= _maxTokens)
            {
                ids.RemoveRange(_maxTokens - 1, ids.Count - _maxTokens + 1);
                break;
            }
        }

        ids.Add(_separator);
        return ids;
    }

    /// <summary>The longest pieces from left to right; one unknown token where a rest has none.</summary>
    private void AddPieces(ReadOnlySpan<char> word, List<int> ids)
    {
        int before = ids.Count;
        if (word.Length > LongestWord && CodePoints(word) > LongestWord)
        {
            ids.Add(_unknown);
            return;
        }

        for (int start = 0; start < word.Length;)
        {
            int end = word.Length, id = 0;
            while (end > start && !(start == 0 ? _first : _continued).TryGetValue(word[start..end], out id))
            {
                end--;
            }

            if (end == start)
            {
                ids.RemoveRange(before, ids.Count - before);
                ids.Add(_unknown);
                return;
            }

            ids.Add(id);
            start = end;
        }
    }

    private static int CodePoints(ReadOnlySpan<char> word)
    {
        int points = 0;
        foreach (Rune _ in word.EnumerateRunes())
        {
            points++;
        }

        return points;
    }

    /// <summary>
    /// The text form that BERT vocabularies were made for: no control characters, CJK ideographs set apart, and for uncased
    /// ones no accents and lower case.
    /// </summary>
    private string Normalize(string original)
    {
        string clean = Clean(original);
        if (!_lowerCase)
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

    /// <summary>Words at white space; each punctuation character is a word of its own.</summary>
    private static IEnumerable<(int Start, int Length)> Words(string text)
    {
        int start = 0;
        for (int index = 0; index < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(index), out Rune rune, out int consumed);
            bool isSpace = Rune.IsWhiteSpace(rune);
            if (isSpace || IsPunctuation(rune))
            {
                if (index > start)
                {
                    yield return (start, index - start);
                }

                if (!isSpace)
                {
                    yield return (index, consumed);
                }

                start = index + consumed;
            }

            index += consumed;
        }

        if (text.Length > start)
        {
            yield return (start, text.Length - start);
        }
    }

    private static string Clean(string original)
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

    // To BERT every visible ASCII character that is no letter or digit is punctuation, "$" and "+" too.
    private static bool IsPunctuation(Rune rune) =>
        rune.IsAscii ? rune.Value > ' ' && rune.Value < 0x7F && !Rune.IsLetterOrDigit(rune) : Rune.IsPunctuation(rune);

    private static Dictionary<string, int> ReadIds(byte[] vocabulary)
    {
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        using StreamReader reader = new(new MemoryStream(vocabulary), Encoding.UTF8);
        while (reader.ReadLine() is string piece)
        {
            if (!ids.TryAdd(piece, ids.Count))
            {
                throw new InvalidDataException($"line {ids.Count + 1} of the vocabulary repeats line {ids[piece] + 1}");
            }
        }

        return ids;
    }
}
