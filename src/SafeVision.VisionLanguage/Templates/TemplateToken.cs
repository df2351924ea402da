namespace SafeVision.VisionLanguage.Templates;

/// <summary>A piece of a template and the line that it begins in, from 1.</summary>
internal readonly record struct TemplateToken(TemplateTokenKind Kind, string Value, int Line)
{
    /// <summary>Whether this is that sign.</summary>
    public bool IsSign(string sign) => Kind == TemplateTokenKind.Sign && Value == sign;

    /// <summary>Whether this is that word.</summary>
    public bool IsName(string name) => Kind == TemplateTokenKind.Name && Value == name;

    /// <summary>How errors name it.</summary>
    public override string ToString() => Kind switch
    {
        TemplateTokenKind.EndOfTemplate => "the end of the template",
        TemplateTokenKind.End => "the end of the tag",
        TemplateTokenKind.Text => "a text",
        TemplateTokenKind.Data => "text between tags",
        _ => $"'{Value}'",
    };
}
