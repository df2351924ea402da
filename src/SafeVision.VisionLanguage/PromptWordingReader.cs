namespace SafeVision.VisionLanguage;

/// <summary>Reads a prompt file: which keys there are and what each may hold.</summary>
internal sealed class PromptWordingReader
{
    /// <summary>The keys under <c>tokens</c> that name no category.</summary>
    public const string SafeKey = "safe", ReasonKey = "reason";

    private const int Longest = 1 << 20;
    private const string Document = "prompt file";

    private static readonly string[] s_keys = ["protocol", "order", "system", "templates", "tokens", "variables", "maximumReasonWords", "maximumReasonTokens", "maximumThoughtTokens"];

    // What every conversation template is given.
    private static readonly string[] s_reserved = ["messages", "add_generation_prompt", "chat_template_kwargs", "bos_token", "eos_token", "pad_token", "unk_token", "image_token"];

    private readonly YamlSettings _settings;
    private readonly string[] _lines;
    private readonly string _source;

    private PromptWordingReader(string text, string source) =>
        (_source, _lines, _settings) = (source, text.ReplaceLineEndings("\n").Split('\n'), new YamlSettings(text, source, Document));

    /// <summary>Whether a key under <c>tokens</c> names a category.</summary>
    public static bool IsCategory(string key) =>
        !key.Equals(SafeKey, StringComparison.OrdinalIgnoreCase) && !key.Equals(ReasonKey, StringComparison.OrdinalIgnoreCase);

    public static PromptWording Read(string text, string source)
    {
        if (text.Length > Longest)
        {
            throw new ModelLoadException($"{source}: has {text.Length} characters; at most {Longest} are read.");
        }

        text = text.TrimStart('\uFEFF');
        return new PromptWordingReader(text, source).Read();
    }

    private PromptWording Read()
    {
        string? protocol = null, system = null;
        PromptOrder? order = null;
        int? words = null, reasonTokens = null, thoughtTokens = null;
        Dictionary<string, Template> templates = new(StringComparer.Ordinal);
        Dictionary<string, string> tokens = new(StringComparer.OrdinalIgnoreCase);
        var variables = new TemplateMap();
        foreach (YamlSetting setting in _settings.Entries("a prompt file", s_keys))
        {
            switch (setting.Key)
            {
                case "protocol":
                    protocol = _settings.Text(setting);
                    break;
                case "order":
                    order = ReadOrder(setting);
                    break;
                case "system":
                    system = setting.IsNull ? null : _settings.Text(setting);
                    break;
                case "templates":
                    ReadTemplates(setting, templates);
                    break;
                case "tokens":
                    ReadTokens(setting, tokens);
                    break;
                case "variables":
                    ReadVariables(setting, variables);
                    break;
                case "maximumThoughtTokens":
                    thoughtTokens = _settings.Count(setting, 1024, 16384);
                    break;
                case "maximumReasonWords":
                    words = _settings.Count(setting, 30, 1000);
                    break;
                default:
                    reasonTokens = _settings.Count(setting, 96, 4096);
                    break;
            }
        }

        Require(protocol is not null, "protocol");
        // Without templates, what the file says goes on top of the protocol's own words.
        PromptWording? own = templates.Count == 0 && protocol is not null && GuardProtocols.TryFind(protocol) is { } known ? PromptWording.Default(known.Name) : null;
        Require(templates.Count > 0 || own is not null, "templates");
        ThrowIfAny();
        return new PromptWording(_source, own?.Templates ?? templates, Merged(own?.NamedTokens, tokens))
        {
            Protocol = protocol!,
            Order = order ?? own?.Order ?? PromptOrder.ImageFirst,
            System = system is null ? own?.System : PromptText.Trusted(system),
            MaximumReasonWords = words ?? own?.MaximumReasonWords ?? 30,
            MaximumReasonTokens = reasonTokens ?? own?.MaximumReasonTokens ?? 96,
            MaximumThoughtTokens = thoughtTokens ?? own?.MaximumThoughtTokens ?? 1024,
            Variables = variables,
        };
    }

    private static Dictionary<string, string> Merged(IReadOnlyDictionary<string, string>? own, Dictionary<string, string> tokens)
    {
        foreach ((string key, string token) in own ?? new Dictionary<string, string>())
        {
            tokens.TryAdd(key, token);
        }

        return tokens;
    }

    private PromptOrder ReadOrder(YamlSetting setting)
    {
        string? word = _settings.Text(setting);
        if (word is not (null or "imageFirst" or "policyFirst"))
        {
            _settings.Report(setting, $"'order' is {YamlSettings.Quote(word)}; it must be 'imageFirst' or 'policyFirst'");
        }

        return word == "policyFirst" ? PromptOrder.PolicyFirst : PromptOrder.ImageFirst;
    }

    private void ReadTemplates(YamlSetting setting, Dictionary<string, Template> templates)
    {
        foreach (YamlSetting entry in _settings.Entries(setting))
        {
            if (_settings.Text(entry) is not { } text)
            {
                continue;
            }

            try
            {
                templates[entry.Key] = Template.Parse(text, new TemplateSource($"{_source}: template {YamlSettings.Quote(entry.Key)}", FirstLine(entry)));
            }
            catch (ModelLoadException exception)
            {
                _settings.Report(entry, exception.Message);
            }
        }
    }

    /// <summary>The line in which a text begins: for a block ('|'), the one below its mark.</summary>
    private int FirstLine(YamlSetting setting)
    {
        string line = setting.Line <= _lines.Length ? _lines[setting.Line - 1] : "";
        return setting.Column <= line.Length && line[setting.Column - 1] is '|' or '>' ? setting.Line + 1 : setting.Line;
    }

    private void ReadTokens(YamlSetting setting, Dictionary<string, string> tokens)
    {
        foreach (YamlSetting entry in _settings.Entries(setting))
        {
            if (_settings.TextOrNumber(entry) is { } token)
            {
                if (token.Length == 0)
                {
                    _settings.Report(entry, $"the token {YamlSettings.Quote(entry.Key)} is empty");
                }

                tokens[entry.Key] = token;
            }
        }
    }

    private void ReadVariables(YamlSetting setting, TemplateMap variables)
    {
        foreach (YamlSetting entry in _settings.Entries(setting))
        {
            if (s_reserved.Contains(entry.Key) || !entry.Key.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_') || char.IsAsciiDigit(entry.Key[0]))
            {
                _settings.Report(entry, $"{YamlSettings.Quote(entry.Key)} is no name for a variable of a conversation template: letters, digits and '_', and none of {string.Join(", ", s_reserved)}");
            }
            else if (_settings.TextOrNumber(entry) is { } value)
            {
                variables[entry.Key] = value is "true" or "false" ? value == "true" : PromptText.Trusted(value);
            }
        }
    }

    private void Require(bool present, string key)
    {
        if (!present && !_settings.HasErrors)
        {
            _settings.Report(null, $"'{key}' is missing");
        }
    }

    private void ThrowIfAny()
    {
        try
        {
            _settings.ThrowIfAny();
        }
        catch (PolicyException exception)
        {
            throw new ModelLoadException(exception.Message, exception);
        }
    }
}
