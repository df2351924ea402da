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

    public void ExpectSign(string sign)
    {
        if (!SkipSign(sign))
        {
            throw Wrong(Current, $"expected '{sign}' here, but found {Current}");
        }
    }

    public void ExpectName(string name)
    {
        if (!SkipName(name))
        {
            throw Wrong(Current, $"expected '{name}' here, but found {Current}");
        }
    }

    public void ExpectEnd()
    {
        if (!Skip(Current.Kind == TemplateTokenKind.End))
        {
            throw Wrong(Current, $"{Current} is not supported here; expected the end of the tag");
        }
    }

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

    private bool Skip(bool isThere)
    {
        _place += isThere ? 1 : 0;
        return isThere;
    }
}

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

/// <summary>What a piece of a template is.</summary>
internal enum TemplateTokenKind
{
    /// <summary>Text that is written as it stands.</summary>
    Data,

    /// <summary>The begin of a statement, <c>{%</c>.</summary>
    StatementBegin,

    /// <summary>The begin of an expression that is written, <c>{{</c>.</summary>
    OutputBegin,

    /// <summary>The end of either.</summary>
    End,

    /// <summary>A word.</summary>
    Name,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A text in quotes, without them and with its escapes resolved.</summary>
    Text,

    /// <summary>A sign such as <c>==</c> or <c>(</c>.</summary>
    Sign,

    /// <summary>Nothing follows.</summary>
    EndOfTemplate,
}
