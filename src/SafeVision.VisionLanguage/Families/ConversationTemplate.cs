namespace SafeVision.VisionLanguage.Families;

/// <summary>How a conversation is written down for a model. Read from the model's files, never guessed from a folder's name. Thread-safe.</summary>
internal abstract class ConversationTemplate
{
    /// <summary>One turn of a user, up to the point where the model's answer begins.</summary>
    /// <param name="system">What the model is told beforehand; null: what the model's files say, which may be nothing.</param>
    /// <param name="variables">Further variables of the template, which may not have those of every conversation; null: none.</param>
    /// <returns>The conversation with an image mark for each image, without the token that begins every text.</returns>
    public PromptText Render(PromptText? system, IReadOnlyList<ConversationPart> user, TemplateMap? variables = null) => Render(system, [ConversationTurn.OfUser(user)], variables);

    /// <summary>Several turns, the last of them the user's, up to the point where the model's answer begins.</summary>
    /// <inheritdoc cref="Render(PromptText?, IReadOnlyList{ConversationPart}, TemplateMap?)"/>
    public abstract PromptText Render(PromptText? system, IReadOnlyList<ConversationTurn> turns, TemplateMap? variables = null);

    /// <summary>Whether a conversation without a system text gets one that the model's files have.</summary>
    public bool HasSystemText
    {
        get
        {
            const string Probe = "probe";
            string without = Render(null, [ConversationPart.Image]).Text, with = Render(PromptText.Trusted(Probe), [ConversationPart.Image]).Text;
            int at = with.IndexOf(Probe, StringComparison.Ordinal);
            return at >= 0 && without.StartsWith(with[..at], StringComparison.Ordinal) && without.EndsWith(with[(at + Probe.Length)..], StringComparison.Ordinal)
                && without[at..Math.Max(at, without.Length - (with.Length - at - Probe.Length))].Any(char.IsLetter);
        }
    }

    /// <summary>Whether the template names a variable, which then may change what it writes.</summary>
    public virtual bool Reads(string variable) => false;

    /// <summary>Whether the template itself writes a mark about what the user says.</summary>
    public virtual bool Writes(string mark) => Render(null, [ConversationPart.Image, new ConversationPart(PromptText.Trusted("?"))]).Text.Contains(mark, StringComparison.Ordinal);
}

/// <summary>A piece of a user's turn: an image where <see cref="Text"/> is null.</summary>
internal readonly record struct ConversationPart(PromptText? Text)
{
    public static ConversationPart Image { get; }

    public bool IsImage => Text is null;
}

/// <summary>A turn of a conversation.</summary>
/// <param name="ByModel">Whether the model said it; otherwise the user.</param>
/// <param name="Parts">Images and texts in order.</param>
internal sealed record ConversationTurn(bool ByModel, IReadOnlyList<ConversationPart> Parts)
{
    public static ConversationTurn OfUser(params IReadOnlyList<ConversationPart> parts) => new(ByModel: false, parts);

    public static ConversationTurn OfModel(params IReadOnlyList<ConversationPart> parts) => new(ByModel: true, parts);
}

/// <summary>Finds out from a model's files how a conversation is written down for it.</summary>
internal static class ConversationTemplates
{
    // Where transformers looks for a processor's template, and then for the tokenizer's.
    private static readonly string[] s_files = ["chat_template.json", "processor_config.json", "tokenizer_config.json"];
    private static readonly string[] s_tokens = ["bos_token", "eos_token", "pad_token", "unk_token", "image_token"];

    /// <summary>Reads the template of a model's folder: InternVL's own layout where config.json names one, else the chat template.</summary>
    /// <param name="tokenizerWritesBeginning">Whether the tokenizer begins every text with its <c>bos_token</c>, so that a template's own is dropped.</param>
    /// <param name="imageText">What stands for an image where the template takes a turn for plain text; null: the mark and a line break.</param>
    /// <param name="otherwise">The family's published template, for folders that bring none; null where the family has none.</param>
    /// <exception cref="ModelLoadException">There is no template, or it can't be understood; the message says where and why.</exception>
    public static ConversationTemplate Read(
        ModelConfiguration configuration, string imageMark, bool tokenizerWritesBeginning, string? imageText = null, string? otherwise = null)
    {
        JsonValue layout = configuration.Config["template"];
        if (layout.Exists)
        {
            return ConversationLayout.Find(layout.RequiredText(), configuration.Config["system_message"].Text(), imageMark)
                ?? throw layout.Wrong($"the name of a conversation layout that is known ({string.Join(", ", ConversationLayout.Names)})");
        }

        Template template = Find(configuration, otherwise);
        TemplateMap tokens = Tokens(configuration.Tokenizer);
        string? beginning = tokenizerWritesBeginning && tokens.TryGetValue("bos_token", out object? token) ? (token as PromptText)?.Text : null;
        return new ConversationChatTemplate(template, tokens, imageMark, imageText ?? imageMark + "\n", beginning);
    }

    private static Template Find(ModelConfiguration configuration, string? otherwise)
    {
        if (configuration.Text("chat_template.jinja") is { } text)
        {
            return Template.Parse(text, new TemplateSource(Path.Combine(configuration.Folder, "chat_template.jinja")));
        }

        foreach (string file in s_files)
        {
            JsonValue value = configuration.File(file)["chat_template"];
            if (value.Exists)
            {
                return Template.Parse(Named(value), new TemplateSource($"{Path.Combine(configuration.Folder, file)}: 'chat_template'"));
            }
        }

        return otherwise is not null
            ? Template.Parse(otherwise, new TemplateSource("the family's own chat template"))
            : throw new ModelLoadException(
                $"{configuration.Folder}: no file says how a conversation is written for the model. Copy chat_template.jinja, chat_template.json or a tokenizer_config.json with 'chat_template' from the checkpoint.");
    }

    /// <summary>The template itself, or of several the one named "default".</summary>
    private static string Named(JsonValue value)
    {
        if (value.IsText)
        {
            return value.RequiredText();
        }

        if (value.IsObject)
        {
            return value["default"].RequiredText();
        }

        foreach (JsonValue item in value.Items(100))
        {
            if (item["name"].Text() == "default")
            {
                return item["template"].RequiredText();
            }
        }

        throw value.Wrong("a template named \"default\" among them");
    }

    // A token is a text, or an object that holds it as "content".
    private static TemplateMap Tokens(JsonValue tokenizer)
    {
        var tokens = new TemplateMap();
        foreach (string name in s_tokens)
        {
            JsonValue value = tokenizer[name];
            if ((value.IsObject ? value["content"] : value) is { IsText: true } token)
            {
                tokens[name] = PromptText.Trusted(token.RequiredText());
            }
        }

        return tokens;
    }
}
