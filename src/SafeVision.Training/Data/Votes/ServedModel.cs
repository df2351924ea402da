namespace SafeVision.Training.Data.Votes;

/// <summary>Questions to models that are served elsewhere.</summary>
internal static class ServedModel
{
    private const long MostBytes = 32L << 20;
    private const int MostCharacters = 4_000; // of an answer that is wanted in a sentence

    /// <summary>Asks about an image; the answer, trimmed and never longer than can be used.</summary>
    /// <exception cref="ImageRejectedException">The bytes cannot be read, or are not an image.</exception>
    /// <exception cref="ServedModelException">The model could not be asked.</exception>
    public static async Task<string> AskAsync(IChatClient client, string name, ImageSource image, string question, ChatOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(image);
        using ImageBytes bytes = await image.ReadAsync(MostBytes, cancellationToken).ConfigureAwait(false);
        string type = $"image/{EncodedImage.Read(bytes.Memory, new ImageLimits()).Format.ToString().ToLowerInvariant()}";
        return await AskAsync(client, name, new ChatMessage(ChatRole.User, [new DataContent(bytes.Memory.ToArray(), type), new TextContent(question)]), options, MostCharacters, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends a message; the answer, trimmed and cut to a length.</summary>
    /// <exception cref="ServedModelException">The model could not be asked.</exception>
    public static async Task<string> AskAsync(IChatClient client, string name, ChatMessage message, ChatOptions options, int mostCharacters, CancellationToken cancellationToken)
    {
        try
        {
            ChatResponse response = await client.GetResponseAsync([message], options, cancellationToken).ConfigureAwait(false);
            string text = response.Text.Trim();
            return text.Length > mostCharacters ? text[..mostCharacters] : text;
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            // Every client has exceptions of its own; what they say is all that there is to know.
            throw new ServedModelException($"{name} could not be asked: {error.Message}", error);
        }
    }

    /// <summary>The JSON object in an answer, which models that do not know schemas wrap in words or a fence; null: there is none.</summary>
    public static string? ObjectIn(string answer)
    {
        int start = answer.IndexOf('{', StringComparison.Ordinal), end = answer.LastIndexOf('}');
        return start < 0 || end < start ? null : answer[start..(end + 1)];
    }
}

/// <summary>A served model could not be asked; another try may go better.</summary>
internal sealed class ServedModelException(string message, Exception innerException) : Exception(message, innerException);
