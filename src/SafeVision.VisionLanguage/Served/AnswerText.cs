namespace SafeVision.VisionLanguage.Served;

/// <summary>The text of an answer, in which what a guard may say is found: white space, upper and lower case of ASCII,
/// a code fence around it and quotation marks before it make no difference. Places are counted in UTF-8 bytes.
/// Immutable.</summary>
internal sealed class AnswerText
{
    private const int Longest = 1 << 20; // characters

    private readonly byte[] _bytes;

    /// <exception cref="ModelOutputException">The answer is longer than any guard's; of a part of it nothing can be concluded.</exception>
    public AnswerText(string whole, IReadOnlyList<ServedToken> tokens)
    {
        Text = whole.Length <= Longest ? Unfenced(whole) : throw new ModelOutputException($"The served guard's answer has {whole.Length} characters; at most {Longest} are read. Nothing can be concluded from it.");
        _bytes = Encoding.UTF8.GetBytes(Text);
        Tokens = new ScoredTokens(Encoding.UTF8.GetBytes(whole), whole.IndexOf(Text, StringComparison.Ordinal) is > 0 and int start ? Encoding.UTF8.GetByteCount(whole.AsSpan(0, start)) : 0, tokens);
    }

    public string Text { get; }
    public ScoredTokens Tokens { get; }

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Where a text that stands at a place ends; -1 where it does not stand there.</summary>
    /// <param name="ids">Bytes, and the end of an answer.</param>
    /// <param name="isWhole">Whether its last word must not go on.</param>
    /// <param name="places">Receives the place of each id; null: nobody wants them.</param>
    public int Match(ReadOnlySpan<int> ids, int at, bool isWhole, int[]? places = null)
    {
        int place = at;
        if (place < 0)
        {
            return -1;
        }

        bool begins = at == 0;
        for (int i = 0; i < ids.Length; i++)
        {
            if (places is not null)
            {
                places[i] = Math.Min(SkipSpace(place), _bytes.Length);
            }

            if (ids[i] == ServedConversation.End)
            {
                return IsOver(place) ? _bytes.Length : -1;
            }

            if (IsSpace(ids[i]))
            {
                continue;
            }

            place = SkipSpace(place);
            while (begins && place < _bytes.Length && _bytes[place] is (byte)'"' or (byte)'\'' or (byte)'*' && _bytes[place] != ids[i])
            {
                place = SkipSpace(place + 1);
            }

            begins = false;
            if (place >= _bytes.Length || Lower(_bytes[place]) != Lower(ids[i]))
            {
                return -1;
            }

            if (places is not null)
            {
                places[i] = place;
            }

            place++;
        }

        return isWhole && ids.Length > 0 && IsLetter(ids[^1]) && place < _bytes.Length && IsLetter(_bytes[place]) ? -1 : place;
    }

    /// <summary>The text from a place to a mark, or to the end; where it ends, and whether at the mark.</summary>
    public (string Text, int End, bool IsMarked) Until(string? mark, int at)
    {
        int length = mark is null ? -1 : _bytes.AsSpan(at).IndexOf(Encoding.UTF8.GetBytes(mark));
        int end = length < 0 ? _bytes.Length : at + length;
        return (Encoding.UTF8.GetString(_bytes.AsSpan(at, end - at)), end, length >= 0);
    }

    /// <summary>The text behind a place.</summary>
    public string From(int at) => Encoding.UTF8.GetString(_bytes.AsSpan(at));

    /// <summary>Whether a word is one of the next few behind a place.</summary>
    public bool Holds(ReadOnlySpan<int> word, int at, int within)
    {
        int words = 0;
        for (int place = at; place < _bytes.Length && words <= within; place++)
        {
            if (IsLetter(_bytes[place]) && (place == 0 || !IsLetter(_bytes[place - 1])) && ++words <= within && Match(word, place, isWhole: true) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether all choices are plain words, such as yes and no.</summary>
    public static bool AreWords(ChoiceSet choices) => choices.Choices.All(choice => choice.All(id => id < 128 && char.IsAsciiLetter((char)id)));

    /// <summary>Whether ids are a text but for white space.</summary>
    public static bool Says(ReadOnlySpan<int> ids, string text)
    {
        var said = new StringBuilder();
        foreach (int id in ids)
        {
            said.Append(id < 128 && !IsSpace(id) ? (char)id : "");
        }

        return said.ToString() == text;
    }

    public static bool IsSpace(int id) => id is ' ' or '\n' or '\r' or '\t';

    public static int Lower(int id) => id is >= 'A' and <= 'Z' ? id + 32 : id;

    private static bool IsLetter(int id) => id is (>= '0' and <= '9') or (>= 'A' and <= 'Z') or (>= 'a' and <= 'z') or '_' or (>= 128 and < 256);

    private int SkipSpace(int place)
    {
        while (place < _bytes.Length && IsSpace(_bytes[place]))
        {
            place++;
        }

        return place;
    }

    /// <summary>Whether nothing follows but what ends a sentence or a quotation.</summary>
    private bool IsOver(int place)
    {
        while (place < _bytes.Length && (IsSpace(_bytes[place]) || _bytes[place] is (byte)'.' or (byte)'"' or (byte)'\'' or (byte)'*'))
        {
            place++;
        }

        return place >= _bytes.Length;
    }

    /// <summary>Without the code fence that some servers' models write around all JSON.</summary>
    private static string Unfenced(string text)
    {
        string trimmed = text.Trim();
        int line = trimmed.IndexOf('\n', StringComparison.Ordinal);
        return line > 0 && trimmed[..line].Trim() is "```" or "```json" && trimmed.EndsWith("```", StringComparison.Ordinal) && trimmed.Length - line >= 4
            ? trimmed[(line + 1)..^3].Trim() : trimmed;
    }
}
