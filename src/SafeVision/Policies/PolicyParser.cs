namespace SafeVision.Policies;

/// <summary>Turns the nodes of a policy file into a policy: which keys there are and what each may hold.</summary>
internal sealed class PolicyParser(PolicyErrors errors)
{
    // The schema repeats these; a test holds the two together.
    public static readonly string[] PolicyKeys = ["policy", "version", "onFailure", "defaults", "categories", "$schema"];
    public static readonly string[] DefaultsKeys = ["review", "block", "whenNotAssessed"];
    public static readonly string[] CategoryKeys =
        ["id", "name", "protects", "includes", "excludes", "review", "block", "whenNotAssessed"];

    private readonly PolicyValueReader _values = new(errors);

    /// <summary>The policy.</summary>
    /// <exception cref="PolicyException">The text holds none that is valid.</exception>
    public SafetyPolicy Parse(YamlNode? root)
    {
        if (root is null or YamlText { Value: "", IsPlain: true })
        {
            if (!errors.Any)
            {
                errors.Add(new(1, 1), "the file is empty; a policy begins with 'policy:', 'version:' and 'categories:'");
            }

            errors.ThrowIfAny();
        }

        PolicyDraft draft = new();
        bool hasCategories = false;
        foreach ((string key, Place place, YamlNode value) in Entries(root!, "a policy", PolicyKeys))
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
        return draft.Build(errors);
    }

    private void ReadDefaults(PolicyDraft draft, YamlNode node)
    {
        foreach ((string key, _, YamlNode value) in Entries(node, "'defaults'", DefaultsKeys))
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
            errors.Add(place, "'categories' is empty; a policy without a category would allow everything");
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
            errors.Add(node.Place, $"a category is a mapping; write '- id: {PolicyText.Quote(text.Value)[1..^1]}'");
            return new CategoryDraft { Place = node.Place, IsIncomplete = true };
        }

        CategoryDraft draft = new() { Place = node.Place, IsIncomplete = node is not YamlMap };
        int before = errors.Count;
        foreach ((string key, _, YamlNode value) in Entries(node, "a category", CategoryKeys))
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
                _ => (draft.WhenNotAssessed = _values.Decision(key, value)) is not null,
            };
            draft.IsIncomplete |= !read;
            draft.IncludesPlace = key == "includes" ? value.Place : draft.IncludesPlace;
        }

        // An unknown or repeated key may be the one that would have been missed.
        draft.IsIncomplete |= errors.Count > before;
        return draft;
    }

    /// <summary>The entries with a known key; unknown and repeated ones are reported.</summary>
    private IEnumerable<(string Key, Place Place, YamlNode Value)> Entries(YamlNode node, string what, string[] known)
    {
        if (node is not YamlMap map)
        {
            _values.Mismatch(what, $"a mapping with {Quoted(known)}", node);
            yield break;
        }

        Dictionary<string, Place> seen = new(StringComparer.Ordinal);
        foreach (((string key, Place place), YamlNode value) in map.Entries)
        {
            if (!known.Contains(key, StringComparer.Ordinal))
            {
                errors.Add(place, () => Unknown(key, what, known));
            }
            else if (!seen.TryAdd(key, place))
            {
                errors.Add(place, $"key '{key}' stands twice; first in line {seen[key].Line}");
            }
            else
            {
                yield return (key, place, value);
            }
        }
    }

    private static string Unknown(string key, string what, string[] known)
    {
        if (key == "<<")
        {
            return "merge keys ('<<') are not supported in a policy; write the keys out";
        }

        string hint = NearestWord.Find(key, known) is string near ? $"did you mean '{near}'?" : $"{what} has {Quoted(known)}";
        return $"unknown key {PolicyText.Quote(key)}; {hint}";
    }

    // Nobody needs to be told of $schema, which means nothing to a policy.
    private static string Quoted(string[] known) => string.Join(", ", known.Where(key => key[0] != '$').Select(PolicyText.Quote));

    /// <summary>Reports a key that is missing, unless it stands there wrongly spelt, which has been reported.</summary>
    private void Require(YamlNode root, bool present, string key)
    {
        if (!present && root is YamlMap map && !map.Entries.Take(100).Any(entry => NearestWord.Find(entry.Key.Value, PolicyKeys) == key))
        {
            errors.Add(root.Place, $"'{key}' is missing");
        }
    }
}
