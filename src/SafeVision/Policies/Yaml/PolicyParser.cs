namespace SafeVision.Policies;

/// <summary>Turns the nodes of a policy file into a policy: which keys there are and what each may hold.</summary>
internal sealed class PolicyParser
{
    // The schema repeats these; a test holds the two together.
    public static readonly string[] PolicyKeys = ["policy", "version", "onFailure", "defaults", "categories", "$schema"];
    public static readonly string[] DefaultsKeys = ["review", "block", "whenNotAssessed"];
    public static readonly string[] CategoryKeys =
        ["id", "name", "protects", "includes", "excludes", "review", "block", "severity", "whenNotAssessed"];

    private readonly PolicyValueReader _values;
    private readonly YamlMapReader _maps;
    private readonly PolicyErrors _errors;

    public PolicyParser(PolicyErrors errors)
    {
        (_errors, _values) = (errors, new PolicyValueReader(errors));
        _maps = new YamlMapReader(errors, _values, "policy");
    }

    /// <summary>The policy.</summary>
    /// <exception cref="PolicyException">The text holds none that is valid.</exception>
    public SafetyPolicy Parse(YamlNode? root)
    {
        if (root is null or YamlText { Value: "", IsPlain: true })
        {
            if (!_errors.Any)
            {
                _errors.Add(new(1, 1), "the file is empty; a policy begins with 'policy:', 'version:' and 'categories:'");
            }

            _errors.ThrowIfAny();
        }

        PolicyDraft draft = new();
        bool hasCategories = false;
        foreach ((string key, Place place, YamlNode value) in _maps.Entries(root!, "a policy", PolicyKeys))
        {
            switch (key)
            {
                case "policy":
                    draft.Name = _values.Text(key, value);
                    break;
                case "version":
                    draft.Version = _values.TextOrNumber(key, value);
                    break;
                case "onFailure":
                    draft.OnFailure = _values.Decision(key, value);
                    break;
                case "defaults":
                    ReadDefaults(draft, value);
                    break;
                case "categories":
                    hasCategories = true;
                    ReadCategories(draft, place, value);
                    break;
                default:
                    _values.Text(key, value); // $schema: for editors
                    break;
            }
        }

        Require(root!, draft.Name is not null, "policy");
        Require(root!, draft.Version is not null, "version");
        Require(root!, hasCategories, "categories");
        return draft.Build(_errors);
    }

    private void ReadDefaults(PolicyDraft draft, YamlNode node)
    {
        foreach ((string key, _, YamlNode value) in _maps.Entries(node, "'defaults'", DefaultsKeys))
        {
            switch (key)
            {
                case "review":
                    draft.ReviewAt = _values.Number(key, value);
                    break;
                case "block":
                    draft.BlockAt = _values.Number(key, value);
                    break;
                default:
                    draft.WhenNotAssessed = _values.Decision(key, value);
                    break;
            }
        }
    }

    private void ReadCategories(PolicyDraft draft, Place place, YamlNode node)
    {
        if (node is YamlList { Items.Count: 0 } || (node is YamlText text && PolicyValueReader.IsNull(text)))
        {
            _errors.Add(place, "'categories' is empty; a policy without a category would allow everything");
            return;
        }

        if (node is not YamlList list)
        {
            _values.Mismatch("'categories'", "a list of categories, each beginning with '- id:'", node);
            return;
        }

        foreach (YamlNode item in list.Items)
        {
            draft.Categories.Add(ReadCategory(item));
        }
    }

    private CategoryDraft ReadCategory(YamlNode node)
    {
        if (node is YamlText { IsPlain: true } text && !PolicyValueReader.IsNull(text))
        {
            _errors.Add(node.Place, $"a category is a mapping; write '- id: {PolicyText.Quote(text.Value)[1..^1]}'");
            return new CategoryDraft { Place = node.Place, IsIncomplete = true };
        }

        CategoryDraft draft = new() { Place = node.Place, IsIncomplete = node is not YamlMap };
        int before = _errors.Count;
        foreach ((string key, _, YamlNode value) in _maps.Entries(node, "a category", CategoryKeys))
        {
            bool read = key switch
            {
                "id" => (draft.Id = _values.Text(key, value)) is not null,
                "name" => (draft.Name = _values.Text(key, value)) is not null,
                "protects" => (draft.Protects = _values.Text(key, value)) is not null,
                "includes" => (draft.Includes = _values.Texts(key, value)) is not null,
                "excludes" => (draft.Excludes = _values.Texts(key, value)) is not null,
                "review" => (draft.ReviewAt = _values.Number(key, value)) is not null,
                "block" => (draft.BlockAt = _values.Number(key, value)) is not null,
                "severity" => (draft.Severity = ReadSeverity(value)) is not null,
                _ => (draft.WhenNotAssessed = _values.Decision(key, value)) is not null,
            };
            draft.IsIncomplete |= !read;
            draft.IncludesPlace = key == "includes" ? value.Place : draft.IncludesPlace;
        }

        // An unknown or repeated key may be the one that would have been missed.
        draft.IsIncomplete |= _errors.Count > before;
        return draft;
    }

    private SeverityDraft? ReadSeverity(YamlNode node)
    {
        int before = _errors.Count;
        SeverityDraft levels = new(node.Place, null, null, null);
        foreach ((string key, _, YamlNode value) in _maps.Entries(node, "'severity'", SeverityDraft.Keys))
        {
            levels = key switch
            {
                "low" => levels with { Low = _values.Number(key, value) },
                "medium" => levels with { Medium = _values.Number(key, value) },
                _ => levels with { High = _values.Number(key, value) },
            };
        }

        return _errors.Count > before ? null : levels;
    }

    /// <summary>Reports a key that is missing, unless it stands there wrongly spelt, which has been reported.</summary>
    private void Require(YamlNode root, bool present, string key)
    {
        if (!present && root is YamlMap map && !map.Entries.Take(100).Any(entry => NearestWord.Find(entry.Key.Value, PolicyKeys) == key))
        {
            _errors.Add(root.Place, $"'{key}' is missing");
        }
    }
}
