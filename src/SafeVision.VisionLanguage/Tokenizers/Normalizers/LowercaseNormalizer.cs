using System.Text;

namespace SafeVision.VisionLanguage.Tokenizers.Normalizers;

/// <summary>Every character in lower case by itself, without regard to a language or to what stands around it.</summary>
internal sealed class LowercaseNormalizer : TextNormalizer
{
    private const int DottedCapitalI = 0x130;

    public override MarkedText Apply(MarkedText text)
    {
        var result = new MarkedTextBuilder(text);
        Span<char> units = stackalloc char[2];
        for (int index = 0; index < text.Length;)
        {
            Rune.DecodeFromUtf16(text.Span[index..], out Rune rune, out int length);
            bool untrusted = text.Slice(index, length).IsUntrusted;
            if (rune.Value == DottedCapitalI)
            {
                result.Append("i\u0307", untrusted); // the one character whose lower case is two
            }
            else
            {
                result.Append(units[..Rune.ToLowerInvariant(rune).EncodeToUtf16(units)], untrusted);
            }

            index += length;
        }

        return result.ToText();
    }
}
