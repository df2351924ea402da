using System.Text;
using SafeVision.VisionLanguage.Tokenizers.Decoders;

namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>
/// The text of ids that arrive one by one. What it gives, put together, is what <see cref="TextTokenizer.Decode"/> gives;
/// never half a character. For one reader at a time.
/// </summary>
internal sealed class TokenTextStream
{
    private readonly TextTokenizer _tokenizer;
    private readonly PieceDecoder _decoder;
    private readonly bool _skipSpecial;
    private readonly StringBuilder _text = new();

    public TokenTextStream(TextTokenizer tokenizer, PieceDecoder decoder, bool skipSpecial) =>
        (_tokenizer, _decoder, _skipSpecial) = (tokenizer, decoder, skipSpecial);

    /// <summary>Takes the next id; one that the tokenizer does not have is passed over.</summary>
    /// <returns>The text that became certain, often empty.</returns>
    public string Append(int id)
    {
        Take(id);
        return TakeText();
    }

    /// <summary>Ends the text.</summary>
    /// <returns>The rest; an unfinished character as U+FFFD.</returns>
    public string Flush()
    {
        _decoder.Flush(_text);
        return TakeText();
    }

    /// <summary>Takes all ids and ends the text.</summary>
    public string AppendAll(ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
        {
            Take(id);
        }

        return Flush();
    }

    private void Take(int id)
    {
        if (_tokenizer.PieceOf(id, out bool isAdded) is not string piece)
        {
            return;
        }

        if (_skipSpecial && _tokenizer.IsSpecial(id))
        {
            _decoder.Skip(_text);
        }
        else
        {
            _decoder.Append(id, piece, isAdded, _text);
        }
    }

    private string TakeText()
    {
        string text = _text.ToString();
        _text.Clear();
        return text;
    }
}
