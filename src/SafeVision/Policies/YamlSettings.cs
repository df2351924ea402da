namespace SafeVision.Policies;

/// <summary>A file of settings in the strict YAML of policy files: one document of mappings, lists and scalars; no aliases, tags or
/// directives; unknown and repeated keys are errors. What is wrong is collected with its place and thrown once. Not
/// thread-safe.</summary>
/// <remarks>For the prompts beside a vision-language model, the cases of a policy, and the like.</remarks>
public sealed class YamlSettings
{
    private readonly PolicyErrors _errors;
    private readonly PolicyValueReader _values;
    private readonly YamlMapReader _maps;
    private readonly YamlNode? _root;

    /// <summary>Reads a text.</summary>
    /// <param name="text">The text; the caller bounds its length.</param>
    /// <param name="source">Where it comes from, in errors.</param>
    /// <param name="document">What it is, in errors: "prompt file".</param>
    public YamlSettings(string text, string source, string document)
    {
        ArgumentNullException.ThrowIfNull(text);
        _errors = new PolicyErrors(source);
        _values = new PolicyValueReader(_errors);
        _maps = new YamlMapReader(_errors, _values, document);
        _root = PolicyYamlReader.Read(text, _errors, document);
    }

    /// <summary>A word in quotation marks for an error: shortened, and with names for what can't be seen.</summary>
    public static string Quote(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        return PolicyText.Quote(word);
    }

    /// <summary>Whether anything is wrong so far.</summary>
    public bool HasErrors => _errors.Any;

    /// <summary>The entries of the document; none where it can't be read.</summary>
    /// <param name="what">What the document is, in errors: "a prompt file".</param>
    /// <param name="known">The keys that it may have.</param>
    public IEnumerable<YamlSetting> Entries(string what, params string[] known) => _root is null ? [] : Entries(_root, what, known);

    /// <summary>The entries of a setting that is a mapping.</summary>
    /// <param name="setting">The setting; what is no mapping is an error.</param>
    /// <param name="known">The keys that it may have; none: any, which differ in more than case.</param>
    public IEnumerable<YamlSetting> Entries(YamlSetting setting, params string[] known)
    {
        ArgumentNullException.ThrowIfNull(setting);
        ArgumentNullException.ThrowIfNull(known);
        return Entries(setting.Node, $"'{setting.Key}'", known.Length == 0 ? null : known);
    }

    /// <summary>The items of a setting that is a list, each under the setting's key; none, and an error, where it is no list.</summary>
    /// <param name="setting">The setting.</param>
    /// <param name="expected">What it must be, in errors: "a list, each case beginning with '- image:'".</param>
    public IEnumerable<YamlSetting> Items(YamlSetting setting, string expected)
    {
        ArgumentNullException.ThrowIfNull(setting);
        if (setting.Node is YamlList list)
        {
            return list.Items.Select(item => new YamlSetting(setting.Key, item));
        }

        _values.Mismatch($"'{setting.Key}'", expected, setting.Node);
        return [];
    }

    /// <summary>The decision that a setting names; null, and an error, where it names none.</summary>
    public Decision? Decision(YamlSetting setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        return _values.Decision(setting.Key, setting.Node)?.Value;
    }

    /// <summary>A number within bounds, written without quotes; null, and an error, where the setting is none.</summary>
    public double? Number(YamlSetting setting, double least, double most)
    {
        ArgumentNullException.ThrowIfNull(setting);
        if (setting.Node is YamlText { IsPlain: true } text
            && double.TryParse(text.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && number >= least && number <= most)
        {
            return number;
        }

        Report(setting, string.Create(CultureInfo.InvariantCulture, $"'{setting.Key}' must be a number from {least} to {most}"));
        return null;
    }

    /// <summary>The text of a setting; null, and an error, where it is none.</summary>
    public string? Text(YamlSetting setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        return _values.Text(setting.Key, setting.Node)?.Value;
    }

    /// <summary>The text of a setting that may also be written as a number; null, and an error, where it is neither.</summary>
    public string? TextOrNumber(YamlSetting setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        return _values.TextOrNumber(setting.Key, setting.Node)?.Value;
    }

    /// <summary>A whole number from 1 to <paramref name="most"/>; <paramref name="otherwise"/>, and an error, where the setting is none.</summary>
    public int Count(YamlSetting setting, int otherwise, int most)
    {
        ArgumentNullException.ThrowIfNull(setting);
        if (setting.Node is YamlText { IsPlain: true } text
            && int.TryParse(text.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= 1 && count <= most)
        {
            return count;
        }

        Report(setting, $"'{setting.Key}' must be a whole number from 1 to {most}");
        return otherwise;
    }

    /// <summary>Adds an error at a setting's value; null: at the document's beginning.</summary>
    public void Report(YamlSetting? setting, string problem) => _errors.Add(setting?.Node.Place ?? _root?.Place ?? new Place(1, 1), problem);

    /// <summary>Throws what was found wrong.</summary>
    /// <exception cref="PolicyException">Anything was; it holds every error with its place.</exception>
    public void ThrowIfAny() => _errors.ThrowIfAny();

    private IEnumerable<YamlSetting> Entries(YamlNode node, string what, string[]? known) =>
        _maps.Entries(node, what, known).Select(entry => new YamlSetting(entry.Key, entry.Value));
}

/// <summary>A key of <see cref="YamlSettings"/> with its value.</summary>
public sealed class YamlSetting
{
    internal YamlSetting(string key, YamlNode node) => (Key, Node) = (key, node);

    /// <summary>The key.</summary>
    public string Key { get; }

    /// <summary>The value's line, from 1.</summary>
    public int Line => Node.Place.Line;

    /// <summary>The value's column, from 1.</summary>
    public int Column => Node.Place.Column;

    /// <summary>Whether the value is a list.</summary>
    public bool IsList => Node is YamlList;

    /// <summary>Whether the value is a mapping.</summary>
    public bool IsMapping => Node is YamlMap;

    /// <summary>Whether the value is YAML's null.</summary>
    public bool IsNull => Node is YamlText text && PolicyValueReader.IsNull(text);

    internal YamlNode Node { get; }
}
