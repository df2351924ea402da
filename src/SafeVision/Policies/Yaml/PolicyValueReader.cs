namespace SafeVision.Policies;

/// <summary>Reads single values of a policy file. Nothing is converted silently: <c>yes</c>, <c>no</c>, <c>on</c> and <c>off</c>
/// are words, and what YAML calls a boolean, a number or null is not taken for text.</summary>
internal sealed partial class PolicyValueReader(PolicyErrors errors)
{
    private static readonly string[] Decisions = ["allow", "review", "block"];

    /// <summary>How a decision is written in a policy file.</summary>
    public static string Word(Decision decision) => decision switch
    {
        SafeVision.Decision.Allow => "allow",
        SafeVision.Decision.Review => "review",
        _ => "block",
    };

    /// <summary>Whether YAML 1.2 reads the scalar as null.</summary>
    public static bool IsNull(YamlText text) => text is { IsPlain: true, Value: "" or "~" or "null" or "Null" or "NULL" };

    /// <summary>Whether a plain scalar with these letters would not be text: null, a boolean or a number (YAML 1.2, section 10.3.2).</summary>
    public static bool IsTypedWord(string value) => Kind(new YamlText(default, value, IsPlain: true)) != "text";

    public Placed<string>? Text(string key, YamlNode node) => Text($"'{key}'", node, acceptNumber: false);

    public Placed<string>? TextOrNumber(string key, YamlNode node) => Text($"'{key}'", node, acceptNumber: true);

    /// <summary>The phrases of a list, or null where one of them could not be read.</summary>
    public List<Placed<string>>? Texts(string key, YamlNode node)
    {
        if (node is not YamlList list)
        {
            Mismatch($"'{key}'", $"a list; write '{key}: [first phrase, second phrase]'", node);
            return null;
        }

        List<Placed<string>> texts = new(list.Items.Count);
        foreach (YamlNode item in list.Items)
        {
            if (Text($"a phrase in '{key}'", item, acceptNumber: false) is { } text)
            {
                texts.Add(text);
            }
        }

        return texts.Count == list.Items.Count ? texts : null;
    }

    public Placed<double>? Number(string key, YamlNode node)
    {
        if (node is YamlText { IsPlain: true } text && !IsNull(text))
        {
            if (DecimalNumber().IsMatch(text.Value))
            {
                return new(double.Parse(text.Value, NumberStyles.Float, CultureInfo.InvariantCulture), node.Place);
            }

            string hint = NotFinite().IsMatch(text.Value) ? "" : ", such as 0.8";
            errors.Add(node.Place, $"'{key}' is {PolicyText.Quote(text.Value)}; it must be a number above 0 and at most 1{hint}");
            return null;
        }

        Mismatch($"'{key}'", "a number above 0 and at most 1, without quotes", node);
        return null;
    }

    public Placed<Decision>? Decision(string key, YamlNode node)
    {
        if (node is not YamlText text || Kind(node) != "text")
        {
            Mismatch($"'{key}'", "'allow', 'review' or 'block'", node);
            return null;
        }

        string word = text.Value;
        Decision? known = word switch
        {
            "allow" => SafeVision.Decision.Allow,
            "review" => SafeVision.Decision.Review,
            "block" => SafeVision.Decision.Block,
            _ => null,
        };
        if (known is { } decision)
        {
            return new(decision, node.Place);
        }

        string hint = NearestWord.Find(word, Decisions) is string near ? $"did you mean '{near}'?" : "it is 'allow', 'review' or 'block'";
        errors.Add(node.Place, $"{PolicyText.Quote(word)} is not a decision for '{key}'; {hint}");
        return null;
    }

    /// <summary>Reports that <paramref name="what"/> holds another kind of value than it must.</summary>
    public void Mismatch(string what, string expected, YamlNode node)
    {
        if (node is YamlRefused)
        {
            return;
        }

        errors.Add(node.Place, node is YamlText text && IsNull(text)
            ? $"{what} has no value; it must be {expected}"
            : $"{what} is {Kind(node)}; it must be {expected}");
    }

    private static string Kind(YamlNode node) => node switch
    {
        YamlList => "a list",
        YamlMap => "a mapping",
        YamlText text when IsNull(text) => "null",
        YamlText { IsPlain: true, Value: "true" or "True" or "TRUE" or "false" or "False" or "FALSE" } => "a boolean",
        YamlText { IsPlain: true } text when AnyNumber().IsMatch(text.Value) => "a number",
        _ => "text",
    };

    private Placed<string>? Text(string what, YamlNode node, bool acceptNumber)
    {
        string kind = Kind(node);
        if (node is YamlText text && (kind == "text" || (acceptNumber && kind == "a number")))
        {
            return new(text.Value, node.Place);
        }

        Mismatch(what, kind switch
        {
            "a mapping" => "text; put text that contains ': ' or begins with '{' in quotes",
            "a number" or "a boolean" => "text; put it in quotes",
            _ => "text",
        }, node);
        return null;
    }

    [GeneratedRegex(@"\A[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\z")]
    private static partial Regex DecimalNumber();

    [GeneratedRegex(@"\A([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\z")]
    private static partial Regex AnyNumber();

    [GeneratedRegex(@"\A([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\z")]
    private static partial Regex NotFinite();
}

/// <summary>Reads the keys of mappings: those that are known, each once. Others are reported, with the one that was probably meant.</summary>
/// <param name="errors">Takes what is wrong.</param>
/// <param name="values">Says of a value that is no mapping what it is.</param>
/// <param name="document">What the text is, in errors: "policy".</param>
internal sealed class YamlMapReader(PolicyErrors errors, PolicyValueReader values, string document)
{
    /// <summary>The entries of a mapping.</summary>
    /// <param name="node">The mapping; anything else is reported.</param>
    /// <param name="what">What the mapping is, in errors: "a category".</param>
    /// <param name="known">The keys that it may have; null: any.</param>
    public IEnumerable<(string Key, Place Place, YamlNode Value)> Entries(YamlNode node, string what, string[]? known = null)
    {
        if (node is not YamlMap map)
        {
            values.Mismatch(what, known is null ? "a mapping" : $"a mapping with {Quoted(known)}", node);
            yield break;
        }

        Dictionary<string, Place> seen = new(known is null ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
        foreach (((string key, Place place), YamlNode value) in map.Entries)
        {
            if (known is not null && !known.Contains(key, StringComparer.Ordinal))
            {
                errors.Add(place, () => Unknown(key, what, known));
            }
            else if (!seen.TryAdd(key, place))
            {
                errors.Add(place, $"key {PolicyText.Quote(key)} stands twice; first in line {seen[key].Line}");
            }
            else
            {
                yield return (key, place, value);
            }
        }
    }

    private string Unknown(string key, string what, string[] known)
    {
        if (key == "<<")
        {
            return $"merge keys ('<<') are not supported in a {document}; write the keys out";
        }

        string hint = NearestWord.Find(key, known) is string near ? $"did you mean '{near}'?" : $"{what} has {Quoted(known)}";
        return $"unknown key {PolicyText.Quote(key)}; {hint}";
    }

    // Nobody needs to be told of $schema, which means nothing to a policy.
    private static string Quoted(string[] known) => string.Join(", ", known.Where(key => key[0] != '$').Select(PolicyText.Quote));
}
