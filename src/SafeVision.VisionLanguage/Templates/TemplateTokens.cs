namespace SafeVision.VisionLanguage.Templates;

/// <summary>A template's tokens, read one after the other.</summary>
internal sealed class TemplateTokens(IReadOnlyList<TemplateToken> tokens, TemplateSource source)
{
    // Every level of nesting takes several frames of the stack, here and while rendering.
    private const int Deepest = 40;

    private int _place;
    private int _depth;

    public TemplateToken Current => tokens[_place];

    public TemplateToken Following => tokens[Math.Min(_place + 1, tokens.Count - 1)];

    public TemplateToken Next() => Current.Kind == TemplateTokenKind.EndOfTemplate ? Current : tokens[_place++];

    public bool SkipSign(string sign) => Skip(Current.IsSign(sign));

    public bool SkipName(string name) => Skip(Current.IsName(name));

    public void ExpectSign(string sign) => Expect(SkipSign(sign), $"expected '{sign}' here, but found {Current}");

    public void ExpectName(string name) => Expect(SkipName(name), $"expected '{name}' here, but found {Current}");

    public void ExpectEnd() => Expect(Skip(Current.Kind == TemplateTokenKind.End), $"{Current} is not supported here; expected the end of the tag");

    public string ExpectWord()
    {
        TemplateToken token = Next();
        return token.Kind == TemplateTokenKind.Name ? token.Value : throw Wrong(token, $"expected a name here, but found {token}");
    }

    public ModelLoadException Wrong(TemplateToken token, string message) => source.Wrong(token.Line, message);

    /// <summary>Parses what is nested in something else.</summary>
    public T Nested<T>(Func<T> parse)
    {
        if (++_depth > Deepest)
        {
            throw Wrong(Current, $"the template is nested more than {Deepest} deep");
        }

        T value = parse();
        _depth--;
        return value;
    }

    private void Expect(bool isThere, string message)
    {
        if (!isThere)
        {
            throw Wrong(Current, message);
        }
    }

    private bool Skip(bool isThere)
    {
        _place += isThere ? 1 : 0;
        return isThere;
    }
}

/// <summary>A piece of a template and the line that it begins in, from 1.</summary>
internal readonly record struct TemplateToken(TemplateTokenKind Kind, string Value, int Line)
{
    public bool IsSign(string sign) => Kind == TemplateTokenKind.Sign && Value == sign;

    public bool IsName(string name) => Kind == TemplateTokenKind.Name && Value == name;

    public override string ToString() => Kind switch
    {
        TemplateTokenKind.EndOfTemplate => "the end of the template",
        TemplateTokenKind.End => "the end of the tag",
        TemplateTokenKind.Text => "a text",
        TemplateTokenKind.Data => "text between tags",
        _ => $"'{Value}'",
    };
}

/// <summary>What a piece of a template is.</summary>
internal enum TemplateTokenKind
{
    Data, // text that is written as it stands
    StatementBegin, // {%
    OutputBegin, // {{
    End, // of either
    Name,
    Number,
    Text, // in quotes; without them and with its escapes resolved
    Sign, // such as == or (
    EndOfTemplate,
}
