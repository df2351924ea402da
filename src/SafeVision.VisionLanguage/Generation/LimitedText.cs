namespace SafeVision.VisionLanguage.Generation;

/// <summary>Text that grows token by token until a limit is met; what is told to a listener is never taken back.</summary>
/// <param name="stream">Turns tokens into text.</param>
/// <param name="limits">Where the text ends.</param>
/// <param name="listener">Receives the text piece by piece; null when nobody listens.</param>
internal sealed class LimitedText(TokenTextStream stream, TextLimits limits, Action<string>? listener)
{
    private readonly StringBuilder _text = new();
    private int _tokens;
    private int _told;
    private int _said; // characters of the tokens that stand in the sequence
    private string _rest = "";
    private bool _ended;
    private TextEnd _end = TextEnd.Limit;

    /// <summary>Adds a token; false when the text has ended.</summary>
    public bool Append(int id)
    {
        _said = _text.Length;
        _text.Append(stream.Append(id));
        Cut();
        Tell(final: false);
        return !_ended && ++_tokens < limits.MaximumTokens;
    }

    /// <summary>The model ended its turn, or said the mark as one token.</summary>
    public void EndBy(TextEnd end) => (_end, _rest) = (end, end == TextEnd.Mark ? limits.EndsAt! : "");

    public WrittenText End()
    {
        if (!_ended)
        {
            _text.Append(stream.Flush());
            Cut();
        }

        Tell(final: true);
        return new WrittenText(_text.ToString(), _end, _rest);
    }

    private void Cut()
    {
        string text = _text.ToString();
        int end = limits.EndsAt is { } mark ? text.IndexOf(mark, StringComparison.Ordinal) : -1;
        int lastWord = EndOfWords(text);
        if (lastWord >= 0 && (end < 0 || lastWord < end))
        {
            end = lastWord;
        }
        else if (end >= 0)
        {
            (_end, _rest) = (TextEnd.Mark, (text[..end] + limits.EndsAt)[Math.Min(_said, end + limits.EndsAt!.Length)..]);
        }

        if (end >= 0)
        {
            _text.Length = end;
            _ended = true;
        }
    }

    /// <summary>Where the last word that is allowed ends, if another one follows; -1 otherwise.</summary>
    private int EndOfWords(string text)
    {
        int words = 0, end = 0;
        for (int i = 0; i < text.Length; i++)
        {
            bool begins = !char.IsWhiteSpace(text[i]) && (i == 0 || char.IsWhiteSpace(text[i - 1]));
            if (begins && ++words > limits.MaximumWords)
            {
                return end;
            }

            end = char.IsWhiteSpace(text[i]) ? end : i + 1;
        }

        return -1;
    }

    /// <summary>Tells all but what may yet turn out to be the beginning of the mark that ends the text.</summary>
    private void Tell(bool final)
    {
        int certain = final || _ended ? _text.Length : _text.Length - ((limits.EndsAt?.Length ?? 1) - 1);
        if (listener is not null && certain > _told)
        {
            listener(_text.ToString(_told, certain - _told));
            _told = certain;
        }
    }
}

/// <summary>Where a text that a model writes ends.</summary>
/// <param name="MaximumTokens">The most tokens, at least 1.</param>
/// <param name="MaximumWords">The most words; the text is cut after this many.</param>
/// <param name="EndsAt">Text that ends it and does not belong to it, such as a closing quotation mark; null for none.</param>
internal sealed record TextLimits(int MaximumTokens, int MaximumWords = int.MaxValue, string? EndsAt = null)
{
    /// <summary>Whether the model's verdict rests on the text: it is then written even where nobody wants to read it.</summary>
    public bool IsThought { get; init; }
}

/// <summary>A text that a model wrote.</summary>
/// <param name="Text">The text, without the mark that ended it.</param>
/// <param name="End">What ended it.</param>
/// <param name="Rest">Where a mark ended it: what of text and mark does not yet stand in the sequence.</param>
internal readonly record struct WrittenText(string Text, TextEnd End, string Rest);

/// <summary>What ended a text.</summary>
internal enum TextEnd
{
    Limit, // on words or tokens, or the model's context: the text may be cut off
    Turn, // the model ended its own
    Mark, // the model wrote it
}
