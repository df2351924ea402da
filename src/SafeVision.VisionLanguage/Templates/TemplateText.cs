using System.Text;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Templates;

/// <summary>
/// What templates do with texts. Every character of a result that came from a stranger stays in an untrusted range; where a
/// stranger's words decide what is put in their place, what is put there is untrusted too.
/// </summary>
internal static class TemplateText
{
    /// <summary>White space as Python's <c>str.isspace</c> has it.</summary>
    public static bool IsSpace(char character) => char.IsWhiteSpace(character) || character is >= '\u001C' and <= '\u001F';

    /// <summary>A text of which nothing or everything is a stranger's.</summary>
    public static PromptText Of(string text, bool trusted) => trusted ? PromptText.Trusted(text) : PromptText.Untrusted(text);

    /// <summary>The text without these characters at its ends; without white space where none are given.</summary>
    public static PromptText Trim(TemplateRun run, PromptText text, string? characters, bool start, bool end)
    {
        run.SpendSearch(text.Text.Length, 16 * (characters?.Length ?? 1));
        int from = 0, to = text.Text.Length;
        while (start && from < to && IsTrimmed(text.Text[from]))
        {
            from++;
        }

        while (end && to > from && IsTrimmed(text.Text[to - 1]))
        {
            to--;
        }

        return from == 0 && to == text.Text.Length ? text : text.Slice(from, to - from);

        bool IsTrimmed(char character) => characters is null ? IsSpace(character) : characters.Contains(character, StringComparison.Ordinal);
    }

    /// <summary>The text with each character exchanged; the ranges stay.</summary>
    public static PromptText Map(PromptText text, Func<int, char, char> map)
    {
        string mapped = string.Create(text.Text.Length, (text.Text, map), static (span, state) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = state.map(i, state.Text[i]);
            }
        });
        return text with { Text = mapped };
    }

    public static PromptText Upper(PromptText text) => Map(text, static (_, character) => char.ToUpperInvariant(character));

    public static PromptText Lower(PromptText text) => Map(text, static (_, character) => char.ToLowerInvariant(character));

    public static PromptText Capitalize(PromptText text) =>
        Map(text, static (place, character) => place == 0 ? char.ToUpperInvariant(character) : char.ToLowerInvariant(character));

    public static PromptText Title(PromptText text) => Map(text, (place, character) =>
        place > 0 && char.IsLetter(text.Text[place - 1]) ? char.ToLowerInvariant(character) : char.ToUpperInvariant(character));

    /// <summary>The places, at most <paramref name="most"/>, at which a text that isn't empty occurs, without overlaps.</summary>
    public static List<int> Find(string text, string sought, int most)
    {
        var places = new List<int>();
        for (int at = 0; places.Count < most && (at = text.IndexOf(sought, at, StringComparison.Ordinal)) >= 0; at += sought.Length)
        {
            places.Add(at);
        }

        return places;
    }

    /// <summary>The text with what stands at these places, each <paramref name="length"/> long, exchanged.</summary>
    public static PromptText Replace(PromptText text, IReadOnlyList<int> places, int length, PromptText replacement)
    {
        var builder = new PromptBuilder();
        int from = 0;
        foreach (int place in places)
        {
            builder.Append(text, from, place - from);
            builder.Append(text.IsTrusted(place, length) ? replacement : PromptText.Untrusted(replacement.Text));
            from = place + length;
        }

        builder.Append(text, from, text.Text.Length - from);
        return builder.Build();
    }

    /// <summary>The parts between these places, at each of which a separator of this length stands.</summary>
    public static List<object?> Split(PromptText text, IReadOnlyList<int> places, int length)
    {
        var parts = new List<object?>(places.Count + 1);
        int from = 0;
        foreach (int place in places)
        {
            parts.Add(text.Slice(from, place - from));
            from = place + length;
        }

        parts.Add(text.Slice(from, text.Text.Length - from));
        return parts;
    }

    /// <summary>The words of a text.</summary>
    public static List<object?> Words(PromptText text)
    {
        var words = new List<object?>();
        for (int at = 0; at < text.Text.Length;)
        {
            int from = at;
            while (at < text.Text.Length && !IsSpace(text.Text[at]))
            {
                at++;
            }

            if (at > from)
            {
                words.Add(text.Slice(from, at - from));
            }

            at++;
        }

        return words;
    }
}

/// <summary>Puts texts together and keeps their untrusted ranges; neighbouring ones become one.</summary>
internal sealed class PromptBuilder
{
    private readonly StringBuilder _text = new();
    private readonly List<PromptText.Range> _untrusted = [];

    public int Length => _text.Length;

    public void Append(PromptText text)
    {
        foreach (PromptText.Range range in text.UntrustedRanges)
        {
            AddUntrusted(_text.Length + range.Start, range.Length);
        }

        _text.Append(text.Text);
    }

    /// <summary>Appends a part of a text.</summary>
    public void Append(PromptText text, int start, int length)
    {
        if (length > 0)
        {
            Append(text.Slice(start, length));
        }
    }

    public PromptText Build() => new(_text.ToString(), [.. _untrusted]);

    private void AddUntrusted(int start, int length)
    {
        if (_untrusted is [.., var last] && last.End == start)
        {
            _untrusted[^1] = last with { Length = last.Length + length };
        }
        else if (length > 0)
        {
            _untrusted.Add(new PromptText.Range(start, length));
        }
    }
}
