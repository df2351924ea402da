namespace SafeVision.Files;

/// <summary>Messages of errors as they may be shown to the people whose images are judged: files by their names alone. Where a
/// server keeps its files is not for people outside; the log has the whole message.</summary>
internal static partial class PublicMessage
{
    /// <summary>The message with each absolute path in it, in quotes or not, cut to its last part.</summary>
    public static string Of(string message) =>
        BarePath.Replace(QuotedPath.Replace(message, match => $"{match.Groups[1].Value}{LastPart(match.Groups[2].ValueSpan)}{match.Groups[1].Value}"), match => LastPart(match.ValueSpan));

    private static string LastPart(ReadOnlySpan<char> path)
    {
        ReadOnlySpan<char> trimmed = path.TrimEnd("/\\");
        return trimmed[(trimmed.LastIndexOfAny('/', '\\') + 1)..].ToString();
    }

    [GeneratedRegex("""(['"`])((?:[A-Za-z]:[\\/]|\\\\|/)[^'"`\r\n]*)\1""")]
    private static partial Regex QuotedPath { get; }

    // From the root to the first character that ends a word. A fraction or an "and/or" does not begin with its slash.
    [GeneratedRegex("""(?<![^\s(\[=:,;])(?:[A-Za-z]:[\\/]|\\\\[^\s\\]|/(?=[^\s/]))[^\s'"`()<>|:;,]*""")]
    private static partial Regex BarePath { get; }
}
