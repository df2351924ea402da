namespace SafeVision.VisionLanguage.Served;

/// <summary>What a served guard is asked about an image.</summary>
/// <param name="System">The system's turn; null: what the checkpoint's template says.</param>
/// <param name="Text">The text of the user's turn; empty: the image alone.</param>
/// <param name="IsImageFirst">Whether the image stands before the text, and not behind it.</param>
/// <param name="Variables">What the checkpoint's chat template is given besides the messages, texts and booleans:
/// <c>chat_template_kwargs</c> of vLLM, SGLang and llama.cpp. Where it is not empty and does not arrive there, the
/// guard judges by its maker's policy and not by yours.</param>
public sealed record ServedPrompt(string? System, string Text, bool IsImageFirst, IReadOnlyDictionary<string, object> Variables)
{
    /// <summary>The whole prompt for a reader, with the mark <c>&lt;image&gt;</c> where the image stands.</summary>
    public required string Readable { get; init; }
}

/// <summary>A whole answer of a served guard.</summary>
/// <param name="Text">Its text.</param>
public sealed record ServedAnswer(string Text)
{
    /// <summary>What the guard thought before it, where the server gives that apart; null: it does not.</summary>
    public string? Reasoning { get; init; }

    /// <summary>The tokens of <see cref="Text"/> from its beginning on, with what could have stood in their places; empty where the server gives none.</summary>
    public IReadOnlyList<ServedToken> Tokens { get; init; } = [];
}

/// <summary>A token of an answer.</summary>
/// <param name="Text">Its text.</param>
/// <param name="LogProbability">The natural logarithm of its probability, at most 0.</param>
/// <param name="Alternatives">The likeliest tokens at that place with theirs; the token itself may be among them.</param>
public sealed record ServedToken(string Text, double LogProbability, IReadOnlyList<KeyValuePair<string, double>> Alternatives);
