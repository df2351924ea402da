namespace SafeVision.Evaluation.Reports.Pages;

/// <summary>What a reader must know before reading the numbers.</summary>
internal static class NotesSection
{
    private const int Most = 200;

    /// <summary>The notes; nothing where there is none.</summary>
    public static Markup Render(IReadOnlyList<string> notes)
    {
        var section = new HtmlBuilder();
        if (notes.Count > 0)
        {
            section.Append($"<section class=\"notes\" aria-label=\"Notes\"><strong>Read this first</strong><ul>");
            foreach (string note in notes.Take(Most))
            {
                section.Append($"<li><bdi>{note}</bdi></li>");
            }

            if (notes.Count > Most)
            {
                section.Append($"<li>{notes.Count - Most} more notes are in the JSON file.</li>");
            }

            section.Append($"</ul></section>");
        }

        return section.ToMarkup();
    }
}
