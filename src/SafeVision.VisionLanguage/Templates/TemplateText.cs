namespace SafeVision.VisionLanguage.Templates;

/// <summary>What templates do with texts. Every character of a result that came from a stranger stays marked; where a
/// stranger's words decide what is put in their place, what is put there is marked too.</summary>
internal static class TemplateText
{
    /// <summary>White space as Python's <c>str.isspace</c> has it.</summary>
    public static bool IsSpace(char character) => char.IsWhiteSpace(character) || character is >= '\u001C' and <= '\u001F';

    /// <summary>The text without these characters at its ends; without white space where none are given.</summary>
    public static string Trim(TemplateRun run, string text, string? characters, bool start, bool end)
    {
        run.SpendSearch(text.Length, 16 * (characters?.Length ?? 1));
        string plain = run.Marks.Plain(text);
        string? trimmed = characters is null ? null : run.Marks.Plain(characters);
        int from = 0, to = text.Length;
        while (start && from < to && IsTrimmed(plain[from]))
        {
            from++;
        }

        while (end && to > from && IsTrimmed(plain[to - 1]))
        {
            to--;
        }

        return text[from..to];

        bool IsTrimmed(char character) => trimmed is null ? IsSpace(character) : trimmed.Contains(character, StringComparison.Ordinal);
    }

    public static string Upper(TemplateRun run, string text) => Map(run, text, static (_, _, character) => char.ToUpperInvariant(character));

    public static string Lower(TemplateRun run, string text) => Map(run, text, static (_, _, character) => char.ToLowerInvariant(character));

    public static string Capitalize(TemplateRun run, string text) =>
        Map(run, text, static (_, place, character) => place == 0 ? char.ToUpperInvariant(character) : char.ToLowerInvariant(character));

    public static string Title(TemplateRun run, string text) => Map(run, text, static (plain, place, character) =>
        place > 0 && char.IsLetter(plain[place - 1]) ? char.ToLowerInvariant(character) : char.ToUpperInvariant(character));

    /// <summary>The places, at most <paramref name="most"/>, at which a text that isn't empty occurs, without overlaps.</summary>
    public static List<int> Find(TemplateRun run, string text, string sought, int most)
    {
        (text, sought) = (run.Marks.Plain(text), run.Marks.Plain(sought));
        var places = new List<int>();
        for (int at = 0; places.Count < most && (at = text.IndexOf(sought, at, StringComparison.Ordinal)) >= 0; at += sought.Length)
        {
            places.Add(at);
        }

        return places;
    }

    /// <summary>The text with what stands at these places, each <paramref name="length"/> long, exchanged.</summary>
    public static string Replace(TemplateRun run, string text, IReadOnlyList<int> places, int length, string replacement)
    {
        var builder = new StringBuilder();
        int from = 0;
        foreach (int place in places)
        {
            builder.Append(text, from, place - from);
            builder.Append(run.Marks.IsMarked(text.AsSpan(place, length)) ? run.Marks.Mark(replacement) : replacement);
            from = place + length;
        }

        return builder.Append(text, from, text.Length - from).ToString();
    }

    /// <summary>The parts between these places, at each of which a separator of this length stands.</summary>
    public static List<object?> Split(string text, IReadOnlyList<int> places, int length)
    {
        var parts = new List<object?>(places.Count + 1);
        int from = 0;
        foreach (int place in places)
        {
            parts.Add(text[from..place]);
            from = place + length;
        }

        parts.Add(text[from..]);
        return parts;
    }

    public static List<object?> Words(TemplateRun run, string text)
    {
        string plain = run.Marks.Plain(text);
        var words = new List<object?>();
        for (int at = 0; at < plain.Length; at++)
        {
            int from = at;
            while (at < plain.Length && !IsSpace(plain[at]))
            {
                at++;
            }

            if (at > from)
            {
                words.Add(text[from..at]);
            }
        }

        return words;
    }

    /// <summary>The text with each character exchanged; marks stay where they are.</summary>
    private static string Map(TemplateRun run, string text, Func<string, int, char, char> map)
    {
        string plain = run.Marks.Plain(text);
        char[] mapped = new char[text.Length];
        for (int i = 0; i < mapped.Length; i++)
        {
            char character = map(plain, i, plain[i]);
            mapped[i] = plain[i] == text[i] ? character : run.Marks.Mark(character);
        }

        return new string(mapped);
    }
}
