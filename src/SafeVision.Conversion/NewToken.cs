using SafeVision.Policies;

namespace SafeVision.Conversion;

/// <summary>A token that a model's vocabulary gets.</summary>
/// <param name="Content">The exact text that it stands for, such as <c>&lt;|Self_Harm|&gt;</c>; from 1 to 256 characters.</param>
/// <param name="PlainWords">
/// What it means in words that the model knows: its rows begin as the mean of these words' rows. Trained on from there, or
/// used as they are, they lie among the rows that the model has.
/// </param>
public sealed record NewToken(string Content, string PlainWords)
{
    /// <summary>The tokens of SafeVision's answers (arXiv 2510.23960): that of a harmless image, one for each kind of harm, and the mark before a reason.</summary>
    public static IReadOnlyList<NewToken> SafeVision { get; } = Array.AsReadOnly<NewToken>(
    [
        new("<|SAFE|>", "Safe"),
        .. HarmCategory.All.Select(category => new NewToken($"<|{category.Id}|>", category.Id.Replace('_', ' '))),
        new("<|REASON|>", "Reason"),
    ]);

    /// <summary>Reads <c>CONTENT=plain words</c>. Without words, they are those of the content: <c>&lt;|Self_Harm|&gt;</c> means "Self Harm".</summary>
    /// <exception cref="CheckpointException">There is no content, or no letter or digit to take words from.</exception>
    public static NewToken Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int mark = text.IndexOf('=', StringComparison.Ordinal);
        string content = mark < 0 ? text : text[..mark];
        string words = mark < 0 ? string.Join(' ', new string([.. content.Select(c => char.IsLetterOrDigit(c) ? c : ' ')]).Split(' ', StringSplitOptions.RemoveEmptyEntries)) : text[(mark + 1)..].Trim();
        return content.Length > 0 && words.Length > 0
            ? new NewToken(content, words)
            : throw new CheckpointException($"'{text}' is no new token; write one as <|Name|> or as <|Name|>=plain words.");
    }
}
