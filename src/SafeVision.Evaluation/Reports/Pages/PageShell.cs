using System.Text;

namespace SafeVision.Evaluation.Reports.Pages;

/// <summary>What every page has around its content.</summary>
internal static class PageShell
{
    /// <summary>Writes a page in UTF-8.</summary>
    /// <param name="stream">Where to; left open.</param>
    /// <param name="title">The page's title and first heading.</param>
    /// <param name="lead">What stands below the heading.</param>
    /// <param name="content">The page's sections.</param>
    /// <param name="footer">What stands at the end.</param>
    /// <param name="cancellationToken">Stops the writing.</param>
    public static async Task WriteAsync(Stream stream, string title, Markup lead, Markup content, Markup footer, CancellationToken cancellationToken)
    {
        var page = new HtmlBuilder();
        page.Append($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="{new Markup(PageResources.ContentSecurityPolicy)}">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="referrer" content="no-referrer">
            <link rel="icon" href="data:,">
            <title>{title}</title>
            <style>{new Markup(PageResources.Style)}</style>
            </head>
            <body>
            <a class="skip" href="#content">Skip to the numbers</a>
            <header>
            <h1>{title}</h1>
            {lead}
            </header>
            <main id="content">
            {content}
            </main>
            <footer>
            {footer}
            </footer>
            <script>{new Markup(PageResources.Script)}</script>
            </body>
            </html>

            """);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(page.ToMarkup().Value.ReplaceLineEndings("\n")), cancellationToken).ConfigureAwait(false);
    }
}
