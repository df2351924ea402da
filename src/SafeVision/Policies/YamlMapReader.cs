namespace SafeVision.Policies;

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
