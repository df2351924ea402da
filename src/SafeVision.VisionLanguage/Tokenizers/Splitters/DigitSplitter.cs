using System.Globalization;
using System.Text;

namespace SafeVision.VisionLanguage.Tokenizers.Splitters;

/// <summary>Sets numbers apart, one by one or in runs. A number is any character of the Unicode categories N.</summary>
internal sealed class DigitSplitter(bool oneByOne) : TextSplitter
{
    public override void Split(MarkedText piece, bool startsText, List<MarkedText> words)
    {
        int start = 0;
        bool wasNumber = false;
        for (int index = 0; index < piece.Length;)
        {
            Rune.DecodeFromUtf16(piece.Span[index..], out Rune rune, out int length);
            bool isNumber = Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;
            if (index > start && (isNumber != wasNumber || (isNumber && oneByOne)))
            {
                words.Add(piece.Slice(start, index - start));
                start = index;
            }

            wasNumber = isNumber;
            index += length;
        }

        words.Add(piece.Slice(start, piece.Length - start));
    }
}
