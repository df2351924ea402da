using System.Text;

namespace SafeVision.Engines.VisionLanguage.Protocols;

/// <summary>A reason as a model wrote it, made fit to be shown.</summary>
internal static class ReasonText
{
    /// <summary>The text on one line, without control characters; null if nothing is left.</summary>
    public static string? Clean(string written)
    {
        var text = new StringBuilder(written.Length);
        foreach (char character in written)
        {
            bool space = char.IsWhiteSpace(character) || char.IsControl(character);
            if (!space)
            {
                text.Append(character);
            }
            else if (text.Length > 0 && text[^1] != ' ')
            {
                text.Append(' ');
            }
        }

        string line = text.ToString().TrimEnd();
        return line.Length == 0 ? null : line;
    }
}
