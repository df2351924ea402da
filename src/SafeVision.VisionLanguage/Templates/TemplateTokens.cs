using SafeVision.Inference;

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
