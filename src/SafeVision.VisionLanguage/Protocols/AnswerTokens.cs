using SafeVision.Inference;
using SafeVision.Policies;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>Finds what a model was trained to say for "safe", for a category, or before a reason.</summary>
internal sealed class AnswerTokens(TextTokenizer tokenizer, PromptWording wording, string model)
{
    private const string SafeToken = "<|SAFE|>";
    private const string ReasonToken = "<|REASON|>";

    /// <summary>Whether a tokenizer has the paper's tokens: the safe one and that of a category at least.</summary>
    public static bool AreKnownTo(TextTokenizer tokenizer) =>
        FindToken(tokenizer, SafeToken) is not null && HarmCategory.All.Any(category => FindToken(tokenizer, TokenOf(category.Id)) is not null);

    /// <summary>The mark of a harmless image.</summary>
    /// <exception cref="ModelLoadException">The tokenizer has none.</exception>
    public AnswerToken OfSafe() => Required("safe", wording.SafeToken, SafeToken);

    /// <summary>The mark before a reason.</summary>
    /// <exception cref="ModelLoadException">The tokenizer has none.</exception>
    public AnswerToken OfReason() => Required("reason", wording.ReasonToken, ReasonToken);

    /// <summary>
    /// The mark of a category: what the prompt file says, else the token of a category of the paper's taxonomy; null where the
    /// model has none. An id of the host's own never names a token by itself, for then a policy could have the model say any
    /// control token.
    /// </summary>
    public AnswerToken? OfCategory(SafetyCategory category) =>
        wording.Token(category.Id) is { } text ? Mark(category.Id, text)
        : HarmCategory.TryParse(category.Id, out HarmCategory? known) ? FindToken(tokenizer, TokenOf(known.Id)) : null;

    private static string TokenOf(string id) => $"<|{id}|>";

    private AnswerToken Required(string key, string? worded, string otherwise) =>
        (worded is null ? FindToken(tokenizer, otherwise) : Mark(key, worded)) ?? throw Missing(key, worded ?? otherwise);

    /// <summary>A mark of the prompt file: a token, or words that the model was trained to say in its place.</summary>
    private AnswerToken Mark(string key, string text)
    {
        if (FindToken(tokenizer, text) is { } mark)
        {
            return mark;
        }

        int[] ids = tokenizer.Encode(text);
        return ids.Length > 0 && !text.StartsWith("<|", StringComparison.Ordinal) ? new AnswerToken(text, ids) : throw Missing(key, text);
    }

    private ModelLoadException Missing(string key, string text) => new(
        $"{model}: the tokenizer has no token '{text}', which the safevision protocol needs for '{key}'. Name the model's own under 'tokens' in the prompt file beside the model, or set 'protocol: instruct' there.");

    /// <summary>A token by its content, else by its content in other upper and lower case: training data spells some both ways.</summary>
    private static AnswerToken? FindToken(TextTokenizer tokenizer, string text)
    {
        if (tokenizer.Find(text) is { } id)
        {
            return new AnswerToken(text, [id]);
        }

        AddedToken? other = tokenizer.AddedTokens.FirstOrDefault(token => token.Content.Equals(text, StringComparison.OrdinalIgnoreCase));
        return other is null ? null : new AnswerToken(other.Content, [other.Id]);
    }
}

/// <summary>What a model was trained to say for something.</summary>
/// <param name="Text">Its text, as it stands in a prompt.</param>
/// <param name="Ids">Its tokens, mostly one.</param>
internal sealed record AnswerToken(string Text, int[] Ids);
