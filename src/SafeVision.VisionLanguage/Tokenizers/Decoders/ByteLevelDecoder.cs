using System.Buffers;
using System.Text;
using SafeVision.VisionLanguage.Tokenizers.Vocabularies;

namespace SafeVision.VisionLanguage.Tokenizers.Decoders;

/// <summary>
/// Pieces in the <see cref="ByteAlphabet"/>, which are UTF-8 together: a character may begin in one and end in another. A
/// piece with any other character stands for its own UTF-8 bytes. It follows ByteLevel of huggingface/tokenizers.
/// </summary>
internal sealed class ByteLevelDecoder : PieceDecoder
{
    private readonly Decoder _utf8 = new UTF8Encoding(false).GetDecoder(); // each malformed part becomes one U+FFFD

    public override void Append(int id, string piece, bool isAdded, StringBuilder text)
    {
        byte[] bytes = ArrayPool<byte>.Shared.Rent(piece.Length * 3);
        int count = 0;
        foreach (char character in piece)
        {
            int value = ByteAlphabet.ByteOf(character);
            if (value < 0)
            {
                count = Encoding.UTF8.GetBytes(piece, bytes);
                break;
            }

            bytes[count++] = (byte)value;
        }

        Write(bytes.AsSpan(0, count), text, flush: false);
        ArrayPool<byte>.Shared.Return(bytes);
    }

    public override void Flush(StringBuilder text) => Write([], text, flush: true);

    private void Write(ReadOnlySpan<byte> bytes, StringBuilder text, bool flush)
    {
        char[] units = ArrayPool<char>.Shared.Rent(bytes.Length + 4);
        text.Append(units, 0, _utf8.GetChars(bytes, units, flush));
        ArrayPool<char>.Shared.Return(units);
    }
}
