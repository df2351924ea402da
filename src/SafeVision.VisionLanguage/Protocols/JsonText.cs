namespace SafeVision.VisionLanguage.Protocols;

/// <summary>Lets a model write the inside of a JSON string, up to the quotation mark that ends it.</summary>
/// <param name="limits">Where the text ends at the latest.</param>
internal sealed class JsonText(TextTokenizer tokenizer, TextLimits limits)
{
    private const char Quote = '"';

    private readonly int[] _quote = tokenizer.Encode("\"");

    /// <summary>The text without its escapes; the session stands before the quotation mark.</summary>
    /// <param name="session">The session, which stands behind the opening quotation mark.</param>
    /// <param name="listener">Receives the text with its escapes while it is being written; null when nobody listens.</param>
    public async ValueTask<string> WriteAsync(IGenerationSession session, Action<string>? listener, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        TextLimits left = limits with { EndsAt = "\"" };
        while (left.MaximumTokens > 0 && left.MaximumWords > 0)
        {
            text.Append((await session.WriteAsync(left, listener, cancellationToken).ConfigureAwait(false)).Text);
            if (!EndsInEscape(text))
            {
                break;
            }

            // An escaped quotation mark: it belongs to the text, which goes on.
            await session.AppendAsync(_quote, cancellationToken).ConfigureAwait(false);
            text.Append(Quote);
            listener?.Invoke("\"");
            string written = text.ToString();
            left = left with
            {
                MaximumTokens = limits.MaximumTokens - tokenizer.Encode(PromptText.Untrusted(written)).Length,
                MaximumWords = limits.MaximumWords - written.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length + 1,
            };
        }

        return Unescape(text.ToString());
    }

    private static bool EndsInEscape(StringBuilder text)
    {
        int backslashes = 0;
        while (backslashes < text.Length && text[text.Length - 1 - backslashes] == '\\')
        {
            backslashes++;
        }

        return backslashes % 2 == 1;
    }

    private static string Unescape(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse($"{Quote}{text.ReplaceLineEndings("\\n").Replace("\t", "\\t", StringComparison.Ordinal)}{Quote}");
            return document.RootElement.GetString()!;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return text.Replace("\\", "", StringComparison.Ordinal);
        }
    }
}
