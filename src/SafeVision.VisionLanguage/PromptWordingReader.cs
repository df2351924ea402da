using SafeVision.Inference;
using SafeVision.Policies;
using SafeVision.VisionLanguage.Templates;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage;

/// <summary>Reads a prompt file: which keys there are and what each may hold.</summary>
internal sealed class PromptWordingReader
{
    /// <summary>The keys under <c>tokens</c> that name no category.</summary>
    public const string SafeKey = "safe", ReasonKey = "reason";

    private const int Longest = 1 << 20;
    private const string Document = "prompt file";

    private static readonly string[] s_keys = ["protocol", "order", "system", "templates", "tokens", "maximumReasonWords", "maximumReasonTokens"];

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
        PromptOrder order = PromptOrder.ImageFirst;
        int words = 30, reasonTokens = 96;
        Dictionary<string, Template> templates = new(StringComparer.Ordinal);
        Dictionary<string, string> tokens = new(StringComparer.OrdinalIgnoreCase);
        int settings = 0;
        foreach (YamlSetting setting in _settings.Entries("a prompt file", s_keys))
        {
            settings++;
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
                case "maximumReasonWords":
                    words = _settings.Count(setting, words, 1000);
                    break;
                default:
                    reasonTokens = _settings.Count(setting, reasonTokens, 4096);
                    break;
            }
        }

        Require(protocol is not null, "protocol");
        Require(templates.Count > 0 || settings == 1, "templates"); // a protocol alone means its own words
        ThrowIfAny();
        return new PromptWording(_source, templates, tokens)
        {
            Protocol = protocol!,
            Order = order,
            System = system is null ? null : PromptText.Trusted(system),
            MaximumReasonWords = words,
            MaximumReasonTokens = reasonTokens,
        };
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
