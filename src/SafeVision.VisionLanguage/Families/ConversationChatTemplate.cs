// Families: one file for each family of checkpoints (Gemma3, Idefics3, InternVl, LlavaOneVision, Mistral3, Nano, Qwen2Vl, Qwen35), found by
// VisionLanguageFamilies. ModelConfiguration reads config.json into LanguageSettings and NetworkSettings; ImagePreparation cuts images.

namespace SafeVision.VisionLanguage.Families;

/// <summary>A conversation in a chat template as Hugging Face models bring it.</summary>
/// <remarks>A template that knows images is given each turn as a list of parts and writes the image mark itself. One
/// that takes a turn for plain text is given one text, in which each image stands as <c>imageText</c> says. Which of
/// the two it is shows by rendering a probe, for the system's turn by one of its own, since some templates take that
/// one alone for plain text.</remarks>
internal sealed class ConversationChatTemplate : ConversationTemplate
{
    private const string Probe = "probe";

    private readonly Template _template;
    private readonly TemplateMap _tokens;
    private readonly PromptText _imageText;
    private readonly string? _beginning;
    private readonly bool _takesParts;
    private readonly bool _takesSystemParts;

    /// <param name="tokens">The variables that name special tokens, such as <c>bos_token</c>.</param>
    /// <param name="imageText">What is put in for an image where the template knows none: the image mark and what surrounds it.</param>
    /// <param name="beginning">What the tokenizer puts before every text, and the template therefore must not; null for nothing.</param>
    /// <exception cref="ModelLoadException">The template can't even write one turn with an image.</exception>
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

    public override bool Reads(string variable) => _template.Names.Contains(variable);

    public override PromptText Render(PromptText? system, IReadOnlyList<ConversationTurn> turns, TemplateMap? variables = null)
    {
        PromptText conversation = Render(system, turns, _takesParts, _takesSystemParts, variables);
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

    private PromptText Render(PromptText? system, IReadOnlyList<ConversationTurn> turns, bool asParts, bool systemAsParts, TemplateMap? more = null)
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

        var variables = new TemplateMap();
        if (more is not null)
        {
            variables["chat_template_kwargs"] = more; // as servers pass them; transformers passes each by its own name
            variables.SetAll(more);
        }

        variables["messages"] = messages;
        variables["add_generation_prompt"] = true;
        return _template.Render(variables.SetAll(_tokens));
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

/// <summary>A conversation in one of the layouts that InternVL's own configuration names: system sentence, then each
/// turn between the mark of who speaks and a separator (InternVL's conversation.py).</summary>
internal sealed class ConversationLayout : ConversationTemplate
{
    private const string StockSentence = "你是由上海人工智能实验室联合商汤科技开发的书生多模态大模型，英文名叫InternVL, 是一个有用无害的人工智能助手。";
    private const string Sentence25 = "你是书生·万象，英文名是InternVL，是由上海人工智能实验室、清华大学及多家合作单位联合开发的多模态大语言模型。";

    private static readonly Dictionary<string, Layout> s_known = new(StringComparer.Ordinal)
    {
        ["internvl2_5"] = new(Sentence25, "<|im_start|>system\n", "<|im_start|>user\n", "<|im_start|>assistant\n", "<|im_end|>\n"),
        ["internlm2-chat"] = new(StockSentence, "<|im_start|>system\n", "<|im_start|>user\n", "<|im_start|>assistant\n", "<|im_end|>"),
        ["Hermes-2"] = new(StockSentence, "<|im_start|>system\n", "<|im_start|>user\n", "<|im_start|>assistant\n", "<|im_end|>"),
        ["phi3-chat"] = new(StockSentence, "<|system|>\n", "<|user|>\n", "<|assistant|>\n", "<|end|>"),
        ["internvl_zh"] = new("", "", "<human>: ", "<bot>: ", " ") { AssistantSeparator = "</s>", Answer = "<bot>:" },
    };

    private readonly Layout _layout;
    private readonly string _system;
    private readonly PromptText _imageMark;

    private ConversationLayout(Layout layout, string system, string imageMark) =>
        (_layout, _system, _imageMark) = (layout, system, PromptText.Trusted(imageMark));

    public static IEnumerable<string> Names => s_known.Keys;

    /// <summary>A layout by its name; null for one that isn't known.</summary>
    /// <param name="name">The value of <c>template</c> in config.json.</param>
    /// <param name="system">The system sentence in place of the layout's own; null for that.</param>
    public static ConversationLayout? Find(string name, string? system, string imageMark) =>
        s_known.TryGetValue(name, out Layout? layout) ? new ConversationLayout(layout, system ?? layout.Sentence, imageMark) : null;

    public override PromptText Render(PromptText? system, IReadOnlyList<ConversationTurn> turns, TemplateMap? variables = null)
    {
        List<PromptText> parts = [PromptText.Trusted(_layout.System), system ?? PromptText.Trusted(_system), PromptText.Trusted(_layout.Separator)];
        foreach (ConversationTurn turn in turns)
        {
            parts.Add(PromptText.Trusted(turn.ByModel ? _layout.Assistant : _layout.User));
            for (int i = 0; i < turn.Parts.Count; i++)
            {
                parts.Add(turn.Parts[i].Text ?? _imageMark);
                if (turn.Parts[i].IsImage && i + 1 < turn.Parts.Count && !StartsLine(turn.Parts[i + 1]))
                {
                    parts.Add(PromptText.Trusted("\n")); // A image is put before a question as "<image>\n".
                }
            }

            parts.Add(PromptText.Trusted(turn.ByModel ? _layout.AssistantSeparator ?? _layout.Separator : _layout.Separator));
        }

        return PromptText.Concat([.. parts, PromptText.Trusted(_layout.Answer ?? _layout.Assistant)]);
    }

    private static bool StartsLine(ConversationPart part) => part.Text?.Text.StartsWith('\n') == true;

    /// <summary>The fixed texts of a layout.</summary>
    private sealed record Layout(string Sentence, string System, string User, string Assistant, string Separator)
    {
        /// <summary>What ends a turn of the model; null: the separator.</summary>
        public string? AssistantSeparator { get; init; }

        /// <summary>What the answer is written behind; null: what stands before each turn of the model.</summary>
        public string? Answer { get; init; }
    }
}
