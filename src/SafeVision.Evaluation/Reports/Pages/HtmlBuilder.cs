using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace SafeVision.Evaluation.Reports.Pages;

/// <summary>
/// Builds a page from interpolated strings: what stands in the source is markup, what is filled in is text and is encoded. So
/// a category's name, a reason or a file's name can't become markup by being forgotten.
/// </summary>
internal sealed class HtmlBuilder
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

    /// <summary>Receives the parts of an interpolated string. There is no way in for a number: numbers are written as text first.</summary>
    [InterpolatedStringHandler]
    internal readonly ref struct MarkupHandler
    {
        private readonly StringBuilder _text;

        public MarkupHandler(int literalLength, int formattedCount, HtmlBuilder builder)
        {
            _ = (literalLength, formattedCount);
            _text = builder._text;
        }

        public void AppendLiteral(string markup) => _text.Append(markup);

        public void AppendFormatted(Markup markup) => _text.Append(markup.Value);

        public void AppendFormatted(string? text) => _text.Append(Encoder.Encode(ReportText.Clean(text)));

        public void AppendFormatted(int number) => _text.Append(number.ToString(CultureInfo.InvariantCulture));

        public void AppendFormatted(long number) => _text.Append(number.ToString(CultureInfo.InvariantCulture));
    }
}
