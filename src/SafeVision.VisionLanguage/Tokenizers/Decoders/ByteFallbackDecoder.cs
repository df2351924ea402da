using System.Globalization;
using System.Text;

namespace SafeVision.VisionLanguage.Tokenizers.Decoders;

/// <summary>
/// Pieces of text, with bytes between them for what has no piece. It follows ByteFallback of huggingface/tokenizers: a run
/// of bytes that is not UTF-8 as a whole becomes one U+FFFD for each byte, so nothing of a run is certain before its end.
/// </summary>
internal sealed class ByteFallbackDecoder(ByteFallbackRules rules) : PieceDecoder
{
    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    private readonly List<byte> _run = [];
    private int _strips = rules.StrippedCount;
    private bool _isFirst = true;

    public override void Append(int id, string piece, bool isAdded, StringBuilder text)
    {
        if (_isFirst && rules.DroppedFromFirst is string dropped)
        {
            piece = piece.Replace(dropped, "", StringComparison.Ordinal);
        }

        _isFirst = false;
        foreach ((string pattern, string content) in rules.Replacements)
        {
            piece = piece.Replace(pattern, content, StringComparison.Ordinal);
        }

        if (rules.JoinsBytes && ByteOf(piece) is byte value)
        {
            _run.Add(value);
            return;
        }

        Flush(text);
        Write(piece, text);
    }

    public override void Flush(StringBuilder text)
    {
        if (_run.Count == 0)
        {
            return;
        }

        string run;
        try
        {
            run = s_strict.GetString([.. _run]);
        }
        catch (DecoderFallbackException)
        {
            run = new string('\ufffd', _run.Count);
        }

        _run.Clear();
        Write(run, text);
    }

    private static byte? ByteOf(string piece) =>
        piece.Length == 6 && piece.StartsWith("<0x", StringComparison.Ordinal) && piece[5] == '>'
        && byte.TryParse(piece.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value)
            ? value
            : null;

    private void Write(string piece, StringBuilder text)
    {
        int start = 0;
        while (_strips > 0 && start < piece.Length)
        {
            bool isStripped = piece[start] == rules.Stripped;
            _strips = isStripped ? _strips - 1 : 0;
            start += isStripped ? 1 : 0;
        }

        text.Append(piece, start, piece.Length - start);
    }
}
