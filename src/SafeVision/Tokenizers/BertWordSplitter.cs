using System.Text;
using Microsoft.ML.Tokenizers;

namespace SafeVision.Tokenizers;

/// <summary>
/// Splits text into words at white space and makes each punctuation character a word of its own. It follows
/// BertPreTokenizer of the reference library (huggingface/tokenizers, pre_tokenizers/bert.rs); the splitter of
/// Microsoft.ML.Tokenizers drops symbols such as emoji and keeps underscores inside words.
/// </summary>
internal sealed class BertWordSplitter : PreTokenizer
{
    /// <inheritdoc/>
    public override IEnumerable<(int Offset, int Length)> PreTokenize(string text)
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

    /// <inheritdoc/>
    public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text) => PreTokenize(text.ToString());

    // To BERT every visible ASCII character that is no letter or digit is punctuation, "$" and "+" too.
    private static bool IsPunctuation(Rune rune) =>
        rune.IsAscii ? rune.Value > ' ' && rune.Value < 0x7F && !Rune.IsLetterOrDigit(rune) : Rune.IsPunctuation(rune);
}
