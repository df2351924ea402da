using System.Text;

namespace SafeVision.Evaluation.Reports;

/// <summary>Foreign words in Markdown: in a code span, where nothing is markup, a link, or the mention of a person.</summary>
internal static class MarkdownText
{
    /// <summary>The word as a code span that fits into a table.</summary>
    public static string Code(string? text)
    {
        string clean = ReportText.Name(text).Replace('`', '\'').Trim();
        return clean.Length == 0 ? "" : $"`{clean.Replace("|", "\\|", StringComparison.Ordinal)}`";
    }

    /// <summary>A sentence as a code span outside a table.</summary>
    public static string CodeLine(string text) => $"`{ReportText.Clean(text).Replace('`', '\'').Trim()}`";

    /// <summary>A row of a table.</summary>
    public static StringBuilder Row(this StringBuilder text, params IEnumerable<string> cells) =>
        text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
}
