namespace SafeVision.VisionLanguage.Templates;

/// <summary>Cuts a template into tokens. White space is handled as Hugging Face's transformers sets Jinja up:
/// <c>trim_blocks</c> and <c>lstrip_blocks</c> are on, and one line break at the end of the template is dropped
/// (jinja2/lexer.py).</summary>
internal sealed partial class TemplateLexer
{
    private const int Longest = 1 << 20;
    private const int MostTokens = 200_000;

    private readonly string _text;
    private readonly TemplateSource _source;
    private readonly List<TemplateToken> _tokens = [];
    private int _at;
    private int _line = 1;

    private TemplateLexer(string text, TemplateSource source) => (_text, _source) = (text, source);

    /// <exception cref="Inference.ModelLoadException">The template is too long, or a tag, comment or text in it isn't closed.</exception>
    public static IReadOnlyList<TemplateToken> Read(string text, TemplateSource source)
    {
        if (text.Length > Longest)
        {
            throw source.Wrong(1, $"the template has {text.Length} characters; at most {Longest} are read");
        }

        text = text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        var lexer = new TemplateLexer(text.EndsWith('\n') ? text[..^1] : text, source);
        lexer.Read();
        return lexer._tokens;
    }

    private void Read()
    {
        bool strip = false, atLineStart = true;
        while (_at < _text.Length)
        {
            int tag = Tag().Match(_text, _at) is { Success: true } next ? next.Index : _text.Length;
            AddData(tag, strip, atLineStart);
            if (tag == _text.Length)
            {
                break;
            }

            int begin = _line;
            char kind = _text[tag + 1];
            _at = tag + 2;
            bool signed = _at < _text.Length && _text[_at] is '-' or '+';
            _at += signed ? 1 : 0;
            if (kind == '#')
            {
                int end = _text.IndexOf("#}", _at, StringComparison.Ordinal);
                if (end < 0)
                {
                    throw _source.Wrong(begin, "the comment that begins here is not closed with '#}'");
                }

                strip = end > _at && _text[end - 1] == '-';
                bool kept = end > _at && _text[end - 1] == '+';
                MoveTo(end + 2);
                atLineStart = DropLineBreak(!strip && !kept);
                continue;
            }

            Add(kind == '%' ? TemplateTokenKind.StatementBegin : TemplateTokenKind.OutputBegin, _text.Substring(tag, 2));
            strip = ReadTag(kind == '%' ? "%}" : "}}", begin, out bool keep);
            if (kind == '%' && IsRaw())
            {
                (strip, keep) = ReadRaw(strip, begin); // the line break after its first tag stays
            }

            atLineStart = kind == '%' && DropLineBreak(!strip && !keep);
        }

        Add(TemplateTokenKind.EndOfTemplate, "");
    }

    /// <summary>Adds the text up to a tag, without the white space that the tags on its two sides take away.</summary>
    private void AddData(int tag, bool stripStart, bool atLineStart)
    {
        int start = _at, end = tag, line = _line;
        bool hasTag = tag < _text.Length;
        if (hasTag && tag + 2 < _text.Length && _text[tag + 2] == '-')
        {
            while (end > start && TemplateText.IsSpace(_text[end - 1]))
            {
                end--;
            }
        }
        else if (hasTag && _text[tag + 1] != '{' && !(tag + 2 < _text.Length && _text[tag + 2] == '+'))
        {
            int lineStart = start + _text.AsSpan(start, tag - start).LastIndexOf('\n') + 1;
            if ((lineStart > start || atLineStart) && _text.AsSpan(lineStart, tag - lineStart).IsWhiteSpace())
            {
                end = lineStart;
            }
        }

        while (stripStart && start < end && TemplateText.IsSpace(_text[start]))
        {
            start++;
        }

        if (end > start)
        {
            Add(TemplateTokenKind.Data, _text[start..end]);
        }

        _line = line;
        MoveTo(tag);
    }

    /// <summary>Reads up to a tag's end; returns whether it takes away the white space that follows.</summary>
    private bool ReadTag(string end, int begin, out bool keep)
    {
        int open = 0;
        keep = false;
        for (SkipSpace(); _at < _text.Length; SkipSpace())
        {
            if (open == 0)
            {
                bool signed = _text[_at] is '-' or '+';
                if (string.CompareOrdinal(_text, _at + (signed ? 1 : 0), end, 0, 2) == 0)
                {
                    bool strip = _text[_at] == '-';
                    keep = _text[_at] == '+';
                    _at += signed ? 3 : 2;
                    Add(TemplateTokenKind.End, end);
                    return strip;
                }
            }

            ReadToken(ref open);
        }

        throw _source.Wrong(begin, $"the tag that begins here is not closed with '{end}'");
    }

    private void ReadToken(ref int open)
    {
        Match token = Token().Match(_text, _at);
        if (!token.Success)
        {
            throw _source.Wrong(_line, _text[_at] is '\'' or '"'
                ? $"the text that begins here is not closed with {_text[_at]}"
                : $"the character '{_text[_at]}' (U+{(int)_text[_at]:X4}) means nothing in a tag");
        }

        if (token.Groups["sign"].Success)
        {
            open += token.Value is "(" or "[" or "{" ? 1 : token.Value is ")" or "]" or "}" ? -1 : 0;
            if (open < 0)
            {
                throw _source.Wrong(_line, $"'{token.Value}' closes what was not opened");
            }

            Add(TemplateTokenKind.Sign, token.Value);
        }
        else if (token.Groups["name"].Success)
        {
            Add(TemplateTokenKind.Name, token.Value);
        }
        else if (token.Groups["number"].Success)
        {
            Add(TemplateTokenKind.Number, token.Value.Replace("_", "", StringComparison.Ordinal));
        }
        else
        {
            Add(TemplateTokenKind.Text, Escape().Replace(token.Value[1..^1], Unescaped));
        }

        MoveTo(_at + token.Length);
    }

    // The escapes of a Python text; one that is unknown stands as it is.
    private string Unescaped(Match escape) => escape.Value[1] switch
    {
        'x' or 'u' or 'U' => escape.Length > 2 && int.TryParse(escape.ValueSpan[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int point) && point is >= 0 and <= 0x10FFFF
            ? point > 0xFFFF ? char.ConvertFromUtf32(point) : ((char)point).ToString()
            : throw _source.Wrong(_line, $"'{escape.ValueSpan[..2]}' needs {(escape.Value[1] switch { 'x' => 2, 'u' => 4, _ => 8 })} hexadecimal digits that name a character"),
        'n' => "\n",
        't' => "\t",
        'r' => "\r",
        'f' => "\f",
        'v' => "\v",
        'a' => "\a",
        'b' => "\b",
        '0' => "\0",
        '\n' => "",
        '\\' or '\'' or '"' => escape.Value[1..],
        _ => escape.Value,
    };

    private bool IsRaw() => _tokens is [.., { Kind: TemplateTokenKind.StatementBegin }, { Value: "raw", Kind: TemplateTokenKind.Name }, _];

    /// <summary>Reads what stands between <c>{% raw %}</c> and <c>{% endraw %}</c> as text.</summary>
    private (bool Strip, bool Keep) ReadRaw(bool strip, int begin)
    {
        _tokens.RemoveRange(_tokens.Count - 3, 3);
        Match end = EndOfRaw().Match(_text, _at);
        if (!end.Success)
        {
            throw _source.Wrong(begin, "'raw' begins here and is not closed with 'endraw'");
        }

        AddData(end.Index, strip, atLineStart: false);
        MoveTo(end.Index + end.Length);
        return (end.Groups[1].Value == "-", end.Groups[1].Value == "+");
    }

    private bool DropLineBreak(bool drop)
    {
        if (drop && _at < _text.Length && _text[_at] == '\n')
        {
            MoveTo(_at + 1);
            return true;
        }

        return false;
    }

    private void SkipSpace()
    {
        while (_at < _text.Length && TemplateText.IsSpace(_text[_at]))
        {
            MoveTo(_at + 1);
        }
    }

    private void MoveTo(int place)
    {
        _line += _text.AsSpan(_at, place - _at).Count('\n');
        _at = place;
    }

    private void Add(TemplateTokenKind kind, string value)
    {
        if (_tokens.Count == MostTokens)
        {
            throw _source.Wrong(_line, $"the template has more than {MostTokens} parts");
        }

        _tokens.Add(new TemplateToken(kind, value, _line));
    }

    [GeneratedRegex(@"\{[{%#]")]
    private static partial Regex Tag();

    [GeneratedRegex(
        @"\G(?:(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<number>[0-9][0-9_]*(?:\.[0-9][0-9_]*)?)|(?<text>'(?>[^'\\]+|\\.)*'|""(?>[^""\\]+|\\.)*"")"
        + @"|(?<sign>==|!=|<=|>=|//|\*\*|[-+*/%~<>=()\[\]{},.:|;]))",
        RegexOptions.Singleline)]
    private static partial Regex Token();

    [GeneratedRegex(@"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", RegexOptions.Singleline)]
    private static partial Regex Escape();

    [GeneratedRegex(@"\{%[-+]?\s*endraw\s*([-+]?)%\}")]
    private static partial Regex EndOfRaw();
}
