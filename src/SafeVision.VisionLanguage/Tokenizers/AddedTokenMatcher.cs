using System.Globalization;
using System.Text;

namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>
/// Cuts a text at added tokens: the leftmost first, and of several at one place the longest. It follows
/// <c>AddedVocabulary::find_matches</c> of huggingface/tokenizers (added_vocabulary.rs), white space and word borders
/// included. What a stranger wrote takes no part in a match.
/// </summary>
internal sealed class AddedTokenMatcher
{
    private readonly ContentTrie _contents = new();
    private readonly List<AddedToken> _tokens = [];

    /// <param name="tokens">The tokens.</param>
    /// <param name="contentOf">The text by which a token is recognised.</param>
    public AddedTokenMatcher(IEnumerable<AddedToken> tokens, Func<AddedToken, string> contentOf)
    {
        foreach (AddedToken token in tokens)
        {
            if (contentOf(token) is { Length: > 0 } content)
            {
                _contents.Add(content, _tokens.Count);
                _tokens.Add(token);
            }
        }
    }

    /// <summary>The pieces of a text in order: an added token, or a text without one.</summary>
    /// <param name="text">The text.</param>
    /// <param name="specialAsText">Whether special tokens are passed over as text, as if by <c>encode_special_tokens</c>.</param>
    public IEnumerable<(MarkedText Text, AddedToken? Token)> Cut(MarkedText text, bool specialAsText)
    {
        int done = 0;
        for (int place = 0; place < text.Length && !_contents.IsEmpty;)
        {
            if (_contents.Longest(text, place, static _ => false) is not var (index, length))
            {
                place++;
                continue;
            }

            // A match that is passed over is passed over whole, tokens inside it too: so the reference has it.
            int start = place;
            int end = place += length;
            AddedToken token = _tokens[index];
            if ((specialAsText && token.IsSpecial) || (token.IsSingleWord && !StandsAlone(text.Span, start, end)))
            {
                continue;
            }

            // White space that the token before swallowed may still be a token itself, which then starts before "done".
            start = token.StripsLeft && start > done ? done + text.Span[done..start].TrimEnd().Length : start;
            end = token.StripsRight ? text.Length - text.Span[end..].TrimStart().Length : end;
            if (start > done)
            {
                yield return (text.Slice(done, start - done), null);
            }

            yield return (text.Slice(start, end - start), token);
            done = end;
        }

        if (done < text.Length)
        {
            yield return (text.Slice(done, text.Length - done), null);
        }
    }

    private static bool StandsAlone(ReadOnlySpan<char> text, int start, int end)
    {
        Rune.DecodeLastFromUtf16(text[..start], out Rune before, out _);
        Rune.DecodeFromUtf16(text[end..], out Rune after, out _);
        return (start == 0 || !IsWord(before)) && (end == text.Length || !IsWord(after));
    }

    /// <summary>Word characters as Unicode has them for regular expressions (UTS #18, <c>\w</c>).</summary>
    private static bool IsWord(Rune rune) =>
        Rune.IsLetter(rune) || rune.Value is 0x200C or 0x200D || Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation
            or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;
}
