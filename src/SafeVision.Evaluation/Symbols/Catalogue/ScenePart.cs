namespace SafeVision.Evaluation.Symbols.Catalogue;

/// <summary>What may be a part of a scene: the things of a group, or one thing.</summary>
/// <param name="Group">The group; empty where it is one thing.</param>
/// <param name="Without">Things of this group are not meant; empty: all are.</param>
/// <param name="Thing">The thing's name; empty where it is a group.</param>
internal sealed record ScenePart(string Group, string Without, string Thing)
{
    /// <summary>Whether a thing is meant.</summary>
    public bool Takes(SymbolThing thing) => Thing.Length > 0
        ? thing.Name == Thing
        : thing.Groups.Contains(Group) && !thing.Groups.Contains(Without);

    /// <summary>Reads <c>group</c>, <c>group -other</c> or <c>=name</c>.</summary>
    public static ScenePart Parse(string text) => text.Split(" -") switch
    {
        [['=', .. var name]] => new ScenePart("", "", name),
        [var group, var without] => new ScenePart(group, without, ""),
        _ => new ScenePart(text, "", ""),
    };
}
