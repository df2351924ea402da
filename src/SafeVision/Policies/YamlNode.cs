namespace SafeVision.Policies;

/// <summary>A value of a policy file and where it begins.</summary>
internal abstract record YamlNode(Place Place);

/// <summary>A scalar. A plain one (without quotes) may be null, a boolean or a number by the rules of YAML 1.2.</summary>
internal sealed record YamlText(Place Place, string Value, bool IsPlain) : YamlNode(Place);

/// <summary>A sequence.</summary>
internal sealed record YamlList(Place Place, IReadOnlyList<YamlNode> Items) : YamlNode(Place);

/// <summary>A mapping; keys may repeat.</summary>
internal sealed record YamlMap(Place Place, IReadOnlyList<YamlEntry> Entries) : YamlNode(Place);

/// <summary>A value that was refused, and reported, while reading.</summary>
internal sealed record YamlRefused(Place Place) : YamlNode(Place);

/// <summary>A key of a mapping and its value.</summary>
internal readonly record struct YamlEntry(Placed<string> Key, YamlNode Value);
