using System.Globalization;
using SafeVision.Inference;
using SafeVision.Policies;
using SafeVision.Templates;
using SafeVision.Tokenizers;

namespace SafeVision.Engines.VisionLanguage;

/// <summary>Reads a prompt file: which keys there are and what each may hold.</summary>
internal sealed class PromptWordingReader
{
    /// <summary>The keys under <c>tokens</c> that name no category.</summary>
    public const string SafeKey = "safe", ReasonKey = "reason";

    private const int Longest = 1 << 20;
    private const string Document = "prompt file";

    private static readonly string[] s_keys = ["protocol", "order", "system", "templates", "tokens", "maximumReasonWords", "maximumReasonTokens"];

    private readonly PolicyErrors _errors;
    private readonly PolicyValueReader _values;
    private readonly YamlMapReader _maps;
    private readonly string[] _lines;
    private readonly string _source;

    private PromptWordingReader(string text, string source)
    {
        (_source, _lines, _errors) = (source, text.ReplaceLineEndings("\n").Split('\n'), new PolicyErrors(source));
        _values = new PolicyValueReader(_errors);
        _maps = new YamlMapReader(_errors, _values, Document);
    }

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
        return new PromptWordingReader(text, source).Read(text);
    }

    private PromptWording Read(string text)
    {
        YamlNode? root = PolicyYamlReader.Read(text, _errors, Document);
        string? protocol = null, system = null;
        PromptOrder order = PromptOrder.ImageFirst;
        int words = 30, reasonTokens = 96;
        Dictionary<string, Template> templates = new(StringComparer.Ordinal);
        Dictionary<string, string> tokens = new(StringComparer.OrdinalIgnoreCase);
        foreach ((string key, YamlNode value) in Entries(root, "a prompt file", s_keys))
        {
            switch (key)
            {
                case "protocol":
                    protocol = _values.Text(key, value)?.Value;
                    break;
                case "order":
                    order = ReadOrder(value);
                    break;
                case "system":
                    system = value is YamlText none && PolicyValueReader.IsNull(none) ? null : _values.Text(key, value)?.Value;
                    break;
                case "templates":
                    ReadTemplates(value, templates);
                    break;
                case "tokens":
                    ReadTokens(value, tokens);
                    break;
                case "maximumReasonWords":
                    words = ReadCount(key, value, words, 1000);
                    break;
                default:
                    reasonTokens = ReadCount(key, value, reasonTokens, 4096);
                    break;
            }
        }

        Require(root, protocol is not null, "protocol");
        Require(root, templates.Count > 0, "templates");
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

    private PromptOrder ReadOrder(YamlNode value)
    {
        string? word = _values.Text("order", value)?.Value;
        if (word is not (null or "imageFirst" or "policyFirst"))
        {
            _errors.Add(value.Place, $"'order' is {PolicyText.Quote(word)}; it must be 'imageFirst' or 'policyFirst'");
        }

        return word == "policyFirst" ? PromptOrder.PolicyFirst : PromptOrder.ImageFirst;
    }

    private void ReadTemplates(YamlNode node, Dictionary<string, Template> templates)
    {
        foreach ((string name, YamlNode value) in Entries(node, "'templates'"))
        {
            if (_values.Text(name, value) is not { Value: var text, Place: var place })
            {
                continue;
            }

            try
            {
                templates[name] = Template.Parse(text, new TemplateSource($"{_source}: template {PolicyText.Quote(name)}", FirstLine(place)));
            }
            catch (ModelLoadException exception)
            {
                _errors.Add(place, exception.Message);
            }
        }
    }

    /// <summary>The line in which a text begins: for a block ('|'), the one below its mark.</summary>
    private int FirstLine(Place place)
    {
        string line = place.Line <= _lines.Length ? _lines[place.Line - 1] : "";
        return place.Column <= line.Length && line[place.Column - 1] is '|' or '>' ? place.Line + 1 : place.Line;
    }

    private void ReadTokens(YamlNode node, Dictionary<string, string> tokens)
    {
        foreach ((string name, YamlNode value) in Entries(node, "'tokens'"))
        {
            if (_values.TextOrNumber(name, value)?.Value is { } token)
            {
                if (token.Length == 0)
                {
                    _errors.Add(value.Place, $"the token {PolicyText.Quote(name)} is empty");
                }

                tokens[name] = token;
            }
        }
    }

    private int ReadCount(string key, YamlNode value, int otherwise, int most)
    {
        if (value is YamlText { IsPlain: true } text
            && int.TryParse(text.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= 1 && count <= most)
        {
            return count;
        }

        _errors.Add(value.Place, $"'{key}' must be a whole number from 1 to {most}");
        return otherwise;
    }

    private IEnumerable<(string Key, YamlNode Value)> Entries(YamlNode? node, string what, string[]? known = null) =>
        node is null ? [] : _maps.Entries(node, what, known).Select(entry => (entry.Key, entry.Value));

    private void Require(YamlNode? root, bool present, string key)
    {
        if (!present && !_errors.Any)
        {
            _errors.Add(root?.Place ?? new Place(1, 1), $"'{key}' is missing");
        }
    }

    private void ThrowIfAny()
    {
        try
        {
            _errors.ThrowIfAny();
        }
        catch (PolicyException exception)
        {
            throw new ModelLoadException(exception.Message, exception);
        }
    }
}
