namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>Turns pieces back into text, one by one. It has the state of one text and serves one reader.</summary>
internal abstract class PieceDecoder
{
    /// <summary>Takes the next piece and writes what of the text became certain.</summary>
    public abstract void Append(int id, string piece, bool isAdded, StringBuilder text);

    /// <summary>Passes over a special token.</summary>
    public virtual void Skip(StringBuilder text)
    {
    }

    /// <summary>Writes what is left.</summary>
    public abstract void Flush(StringBuilder text);
}

/// <summary>Pieces in the <see cref="ByteAlphabet"/>, which are UTF-8 together: a character may begin in one and end in another. A
/// piece with any other character stands for its own UTF-8 bytes. It follows ByteLevel of huggingface/tokenizers.</summary>
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

/// <summary>Pieces of text, with bytes between them for what has no piece. It follows ByteFallback of huggingface/tokenizers: a run
/// of bytes that is not UTF-8 as a whole becomes one U+FFFD for each byte, so nothing of a run is certain before its end.</summary>
internal sealed class ByteFallbackDecoder(ByteFallbackRules rules) : PieceDecoder
{
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

        byte[] bytes = [.. _run];
        string run = System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : new string('\ufffd', bytes.Length);
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

/// <summary>How pieces with a mark for the space become text: the steps of a decoder of huggingface/tokenizers.</summary>
internal sealed record ByteFallbackRules
{
    /// <summary>What is put in the place of what in every piece, in order.</summary>
    public IReadOnlyList<(string Pattern, string Content)> Replacements { get; init; } = [];

    /// <summary>Whether <c>&lt;0x0A&gt;</c> and the like are bytes.</summary>
    public bool JoinsBytes { get; init; }

    /// <summary>The character of which the text loses up to <see cref="StrippedCount"/> at its start.</summary>
    public char Stripped { get; init; }

    public int StrippedCount { get; init; }

    /// <summary>A text that the first piece loses wherever it stands in it, before the replacements; null for none.</summary>
    public string? DroppedFromFirst { get; init; }
}

/// <summary>Pieces of a SentencePiece model, as its reference library decodes them (<c>SentencePieceProcessor::Decode</c>). Each
/// run between two added tokens is a text of its own: it loses the space that was put in front of it.</summary>
/// <param name="dropsFirstSpace">Whether the model puts a space in front of every text.</param>
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
