using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace SafeVision.Evaluation.Reports.Pages;

/// <summary>Builds a page from interpolated strings: what stands in the source is markup, what is filled in is text and is encoded.
/// So a category's name, a reason or a file's name can't become markup by being forgotten.</summary>
public sealed class HtmlBuilder
{
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    private readonly StringBuilder _text = new();

    /// <summary>Adds markup with encoded text in it.</summary>
    public HtmlBuilder Append([InterpolatedStringHandlerArgument("")] ref MarkupHandler markup)
    {
        _ = markup;
        return this;
    }

    /// <summary>What was built.</summary>
    public Markup ToMarkup() => new(_text.ToString());

    /// <summary>Writes a page in UTF-8: what every page has, around its content.</summary>
    public static async Task WritePageAsync(Stream stream, string title, Markup lead, Markup content, Markup footer, CancellationToken cancellationToken)
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

    /// <summary>Receives the parts of an interpolated string. There is no way in for a number: numbers are written as text first.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct MarkupHandler
    {
        private readonly StringBuilder _text;

        /// <summary>Called by the compiler.</summary>
        public MarkupHandler(int literalLength, int formattedCount, HtmlBuilder builder)
        {
            _ = (literalLength, formattedCount);
            _text = builder._text;
        }

        /// <summary>Adds markup of the source.</summary>
        public void AppendLiteral(string markup) => _text.Append(markup);

        /// <summary>Adds what is markup already.</summary>
        public void AppendFormatted(Markup markup) => _text.Append(markup.Value);

        /// <summary>Adds text, encoded.</summary>
        public void AppendFormatted(string? text) => _text.Append(Encoder.Encode(ReportText.Clean(text)));

        /// <summary>Adds a number.</summary>
        public void AppendFormatted(int number) => _text.Append(number.ToString(CultureInfo.InvariantCulture));

        /// <summary>Adds a number.</summary>
        public void AppendFormatted(long number) => _text.Append(number.ToString(CultureInfo.InvariantCulture));
    }
}

/// <summary>Text that is markup already. All other text is encoded where it enters a page.</summary>
/// <param name="Value">The markup.</param>
public readonly record struct Markup(string Value);

/// <summary>The page's style sheet and script, and their hashes: the page's policy lets these two in and nothing else.</summary>
internal static class PageResources
{
    public static string Style { get; } = Read("report.css");
    public static string Script { get; } = Read("report.js");

    /// <summary>No connection, no frame, no form, no outside file; images only as data; the style and script above.</summary>
    public static string ContentSecurityPolicy { get; } =
        $"default-src 'none'; img-src data:; style-src '{Hash(Style)}'; script-src '{Hash(Script)}'; base-uri 'none'; form-action 'none'";

    private static string Hash(string text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";

    private static string Read(string name)
    {
        using Stream stream = typeof(PageResources).Assembly.GetManifestResourceStream($"SafeVision.Evaluation.Reports.Pages.{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
