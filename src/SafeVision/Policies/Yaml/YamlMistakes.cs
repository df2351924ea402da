namespace SafeVision.Policies;

/// <summary>Puts what the YAML parser complains about in the words of someone who edits a policy.</summary>
internal sealed class YamlMistakes(string text)
{
    private readonly Lazy<string[]> _lines = new(() => text.ReplaceLineEndings("\n").Split('\n'));

    /// <summary>Where the mistake is: for a tab, where the tab is, since the parser only says where it began to look.</summary>
    public Place Place(YamlException exception) =>
        IsTab(exception) && FirstTab((int)exception.Start.Line) is Place tab
            ? tab
            : new((int)exception.Start.Line, (int)exception.Start.Column);

    /// <summary>What is wrong and, where that is known, what to do; the parser's own words follow in brackets.</summary>
    public static string Message(YamlException exception)
    {
        string reason = exception.Message.TrimEnd('.');
        reason = $"{char.ToLowerInvariant(reason[0])}{reason[1..]}";
        return Hint(exception) is string hint ? $"not valid YAML: {hint} ({reason})" : $"not valid YAML: {reason}";
    }

    /// <summary>The first line, after that where a plain text begins, which would have been a list item with another indentation.</summary>
    public Place? SwallowedItem(int firstLine, int lastLine)
    {
        for (int line = firstLine + 1; line <= Math.Min(lastLine, _lines.Value.Length); line++)
        {
            string trimmed = _lines.Value[line - 1].TrimStart(' ', '\t');
            if (trimmed is "-" || trimmed.StartsWith("- ", StringComparison.Ordinal))
            {
                return new(line, _lines.Value[line - 1].Length - trimmed.Length + 1);
            }
        }

        return null;
    }

    private static bool IsTab(YamlException exception) => Says(exception, " tab ");

    private static string? Hint(YamlException exception) => exception switch
    {
        _ when IsTab(exception) => "a tab indents this line; indent with spaces",
        _ when Says(exception, "invalid mapping") => "a second ':' in one text; put text that contains ': ' in quotes, or mend the indentation or a ':' missing above",
        _ when Says(exception, "expected key") || Says(exception, "'-' indicator") || Says(exception, "wrong indentation")
            => "the indentation of this line fits nothing above it, or a ':' or a quotation mark is missing",
        _ when Says(exception, "cannot start any token") => "text that begins with this character needs quotes",
        _ when Says(exception, "quoted scalar, found unexpected end") => "the quotation that begins here is not closed",
        _ when Says(exception, "']'") => "the list that began with '[' is not closed before this place, or a ',' is missing",
        _ when Says(exception, "'}'") => "the mapping that began with '{' is not closed before this place, or a ',' is missing",
        _ => null,
    };

    private static bool Says(YamlException exception, string words) => exception.Message.Contains(words, StringComparison.Ordinal);

    private Place? FirstTab(int line)
    {
        for (; line <= _lines.Value.Length; line++)
        {
            string current = _lines.Value[line - 1];
            int indentation = current.Length - current.TrimStart(' ', '\t').Length;
            int tab = current.IndexOf('\t', StringComparison.Ordinal);
            if (tab >= 0 && tab < indentation && indentation < current.Length)
            {
                return new(line, tab + 1);
            }
        }

        return null;
    }
}
