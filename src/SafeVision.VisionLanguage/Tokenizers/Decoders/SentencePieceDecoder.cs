using System.Buffers;
using System.Text;
using SafeVision.VisionLanguage.Tokenizers.Vocabularies;

namespace SafeVision.VisionLanguage.Tokenizers.Decoders;

/// <summary>
/// Pieces of a SentencePiece model, as its reference library decodes them (<c>SentencePieceProcessor::Decode</c>). Each run
/// between two added tokens is a text of its own: it loses the space that was put in front of it.
/// </summary>
/// <param name="vocabulary">The model.</param>
/// <param name="dropsFirstSpace">Whether the model puts a space in front of every text.</param>
/// <param name="unknownText">What an unknown piece is written as.</param>
internal sealed class SentencePieceDecoder(SentencePieceVocabulary vocabulary, bool dropsFirstSpace, string unknownText) : PieceDecoder
{
    private const char Space = '\u2581';

    private readonly List<byte> _run = [];
    private bool _isAtStart = true;

    public override void Append(int id, string piece, bool isAdded, StringBuilder text)
    {
        if (isAdded)
        {
            Skip(text);
            text.Append(piece);
            return;
        }

        SentencePieceKind? kind = vocabulary.KindOf(id);
        if (kind == SentencePieceKind.Byte)
        {
            _run.Add(Convert.FromHexString(piece.AsSpan(3, 2))[0]);
            WriteRun(text, isWhole: false);
            return;
        }

        WriteRun(text, isWhole: true);
        if (kind == SentencePieceKind.Control)
        {
            return;
        }

        bool drops = dropsFirstSpace && _isAtStart && kind != SentencePieceKind.Unknown && piece.StartsWith(Space);
        string surface = kind == SentencePieceKind.Unknown ? unknownText : piece[(drops ? 1 : 0)..].Replace(Space, ' ');
        _isAtStart &= !drops && surface.Length == 0;
        text.Append(surface);
    }

    public override void Skip(StringBuilder text)
    {
        WriteRun(text, isWhole: true);
        _isAtStart = true;
    }

    public override void Flush(StringBuilder text) => WriteRun(text, isWhole: true);

    /// <summary>Writes the characters of the byte run, and one U+FFFD for each byte that is in none.</summary>
    private void WriteRun(StringBuilder text, bool isWhole)
    {
        byte[] bytes = [.. _run];
        int done = 0;
        while (done < bytes.Length)
        {
            OperationStatus status = Rune.DecodeFromUtf8(bytes.AsSpan(done), out Rune rune, out int length);
            if (status == OperationStatus.NeedMoreData && !isWhole)
            {
                break;
            }

            text.Append(status == OperationStatus.Done ? rune : Rune.ReplacementChar);
            done += status == OperationStatus.Done ? length : 1;
            _isAtStart = false;
        }

        _run.RemoveRange(0, done);
    }
}
