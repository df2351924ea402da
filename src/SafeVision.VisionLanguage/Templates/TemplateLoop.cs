namespace SafeVision.VisionLanguage.Templates;

/// <summary>What <c>loop</c> is inside a loop.</summary>
internal sealed record TemplateLoop(IReadOnlyList<object?> Items, int Index)
{
    /// <summary>One of its properties; an undefined value where there is none of that name.</summary>
    public object? Get(string name) => name switch
    {
        "index" => Index + 1L,
        "index0" => (long)Index,
        "revindex" => (long)(Items.Count - Index),
        "revindex0" => Items.Count - Index - 1L,
        "first" => Index == 0,
        "last" => Index == Items.Count - 1,
        "length" => (long)Items.Count,
        "previtem" when Index > 0 => Items[Index - 1],
        "nextitem" when Index + 1 < Items.Count => Items[Index + 1],
        _ => new TemplateUndefined($"loop.{name}"),
    };
}
