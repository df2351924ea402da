using SafeVision.Inference;
using SafeVision.VisionLanguage.Templates;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Families;

/// <summary>A conversation in a chat template as Hugging Face models bring it.</summary>
/// <remarks>
/// A template that knows pictures is given each turn as a list of parts and writes the image mark itself. One that takes a turn for
/// plain text is given one text, in which each picture stands as <c>imageText</c> says. Which of the two it is shows by
/// rendering a probe, for the system's turn by one of its own, since some templates take that one alone for plain text.
/// </remarks>
internal sealed class ConversationChatTemplate : ConversationTemplate
{
    private const string Probe = "probe";

    private readonly Template _template;
    private readonly TemplateMap _tokens;
    private readonly PromptText _imageText;
    private readonly string? _beginning;
    private readonly bool _takesParts;
    private readonly bool _takesSystemParts;

    /// <param name="template">The template.</param>
    /// <param name="tokens">The variables that name special tokens, such as <c>bos_token</c>.</param>
    /// <param name="imageMark">What stands for a picture.</param>
    /// <param name="imageText">What is put in for a picture where the template knows none: the image mark and what surrounds it.</param>
    /// <param name="beginning">What the tokenizer puts before every text, and the template therefore must not; null for nothing.</param>
    /// <exception cref="ModelLoadException">The template can't even write one turn with a picture.</exception>
    public ConversationChatTemplate(Template template, TemplateMap tokens, string imageMark, string imageText, string? beginning)
    {
        (_template, _tokens, _imageText, _beginning) = (template, tokens, PromptText.Trusted(imageText), beginning);
        ConversationPart probe = new(PromptText.Trusted(Probe));
        _takesParts = Writes(null, [ConversationPart.Image, probe], imageMark, Probe);
        _takesSystemParts = _takesParts && Writes(probe.Text, [ConversationPart.Image], imageMark, Probe);
        if (!_takesParts)
        {
            Render(null, [ConversationPart.Image, probe]);
        }
    }

    public override PromptText Render(PromptText? system, IReadOnlyList<ConversationTurn> turns)
    {
        PromptText conversation = Render(system, turns, _takesParts, _takesSystemParts);
        return _beginning is { Length: > 0 } && conversation.Text.StartsWith(_beginning, StringComparison.Ordinal) && conversation.IsTrusted(0, _beginning.Length)
            ? conversation.Slice(_beginning.Length, conversation.Text.Length - _beginning.Length)
            : conversation;
    }

    /// <summary>Whether the template, given parts, writes these texts.</summary>
    private bool Writes(PromptText? system, IReadOnlyList<ConversationPart> user, params ReadOnlySpan<string> texts)
    {
        try
        {
            string conversation = Render(system, [ConversationTurn.OfUser(user)], asParts: true, systemAsParts: true).Text;
            foreach (string text in texts)
            {
                if (!conversation.Contains(text, StringComparison.Ordinal))
                {
                    return false;
                }
            }

            return true;
        }
        catch (ModelLoadException)
        {
            return false; // It takes turns for texts; if it can't write those either, rendering one says why.
        }
    }

    private PromptText Render(PromptText? system, IReadOnlyList<ConversationTurn> turns, bool asParts, bool systemAsParts)
    {
        var messages = new List<object?>();
        if (system is not null)
        {
            messages.Add(Message("system", [new ConversationPart(system)], systemAsParts));
        }

        foreach (ConversationTurn turn in turns)
        {
            messages.Add(Message(turn.ByModel ? "assistant" : "user", turn.Parts, asParts));
        }

        var variables = new TemplateMap { ["messages"] = messages, ["add_generation_prompt"] = true };
        foreach ((string name, object? token) in _tokens.Entries)
        {
            variables[name] = token;
        }

        return _template.Render(variables);
    }

    private TemplateMap Message(string role, IReadOnlyList<ConversationPart> parts, bool asParts) => new()
    {
        ["role"] = PromptText.Trusted(role),
        ["content"] = asParts ? parts.Select(Content).ToList() : PromptText.Concat([.. parts.Select(part => part.Text ?? _imageText)]),
    };

    private static object? Content(ConversationPart part) => part.Text is { } text
        ? new TemplateMap { ["type"] = PromptText.Trusted("text"), ["text"] = text }
        : new TemplateMap { ["type"] = PromptText.Trusted("image") };
}
