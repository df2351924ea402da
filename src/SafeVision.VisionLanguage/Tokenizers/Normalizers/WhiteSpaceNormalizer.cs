using System.Text;

namespace SafeVision.VisionLanguage.Tokenizers.Normalizers;

/// <summary>Every run of white space as one space.</summary>
/// <param name="isTrimmed">Whether the runs at both ends are dropped, and the separators U+001C to U+001F count too, as Python has it.</param>
internal sealed class WhiteSpaceNormalizer(bool isTrimmed) : TextNormalizer
{
    public override MarkedText Apply(MarkedText text)
    {
        var result = new MarkedTextBuilder(text);
        int run = -1; // where it starts
        bool isEmpty = true;
        for (int index = 0; index < text.Length;)
        {
            Rune.DecodeFromUtf16(text.Span[index..], out Rune rune, out int length);
            if (Rune.IsWhiteSpace(rune) || (isTrimmed && rune.Value is >= 0x1C and <= 0x1F))
            {
                run = run < 0 ? index : run;
            }
            else
            {
                Close(index);
                result.Append(text.Slice(index, length));
                isEmpty = false;
            }

            index += length;
        }

        if (!isTrimmed)
        {
            Close(text.Length);
        }

        return result.ToText();

        void Close(int end)
        {
            if (run >= 0 && !(isTrimmed && isEmpty))
            {
                result.Append(" ", text.Slice(run, end - run).IsUntrusted);
            }

            run = -1;
        }
    }
}
