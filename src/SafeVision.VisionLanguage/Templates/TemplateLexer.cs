using System.Globalization;
using System.Text;

namespace SafeVision.VisionLanguage.Templates;

/// <summary>
/// Cuts a template into tokens. White space is handled as Hugging Face's transformers sets Jinja up: <c>trim_blocks</c> and
/// <c>lstrip_blocks</c> are on, and one line break at the end of the template is dropped (jinja2/lexer.py).
/// </summary>
internal sealed class TemplateLexer
{
    private const int Longest = 1 << 20;
    private const int MostTokens = 200_000;

    private static readonly string[] s_signs =
        ["==", "!=", "<=", ">=", "//", "**", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ".", ":", "|", ";"];

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
            int tag = NextTag();
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

    /// <summary>The place of the next <c>{{</c>, <c>{%</c> or <c>{#</c>; the template's end where there is none.</summary>
    private int NextTag()
    {
        for (int at = _text.IndexOf('{', _at); at >= 0 && at + 1 < _text.Length; at = _text.IndexOf('{', at + 1))
        {
            if (_text[at + 1] is '{' or '%' or '#')
            {
                return at;
            }
        }

        return _text.Length;
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
        char first = _text[_at];
        int start = _at;
        if (char.IsAsciiLetter(first) || first == '_')
        {
            while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] == '_'))
            {
                _at++;
            }

            Add(TemplateTokenKind.Name, _text[start.._at]);
        }
        else if (char.IsAsciiDigit(first))
        {
            ReadDigits();
            if (_at + 1 < _text.Length && _text[_at] == '.' && char.IsAsciiDigit(_text[_at + 1]))
            {
                _at++;
                ReadDigits();
            }

            Add(TemplateTokenKind.Number, _text[start.._at].Replace("_", "", StringComparison.Ordinal));
        }
        else if (first is '\'' or '"')
        {
            ReadText(first);
        }
        else
        {
            string sign = s_signs.FirstOrDefault(known => string.CompareOrdinal(_text, start, known, 0, known.Length) == 0)
                ?? throw _source.Wrong(_line, $"the character '{first}' (U+{(int)first:X4}) means nothing in a tag");
            open += sign is "(" or "[" or "{" ? 1 : sign is ")" or "]" or "}" ? -1 : 0;
            if (open < 0)
            {
                throw _source.Wrong(_line, $"'{sign}' closes what was not opened");
            }

            _at += sign.Length;
            Add(TemplateTokenKind.Sign, sign);
        }
    }

    private void ReadDigits()
    {
        while (_at < _text.Length && (char.IsAsciiDigit(_text[_at]) || _text[_at] == '_'))
        {
            _at++;
        }
    }

    private void ReadText(char quote)
    {
        int begin = _line;
        var value = new StringBuilder();
        for (_at++; _at < _text.Length && _text[_at] != quote; _at++)
        {
            _line += _text[_at] == '\n' ? 1 : 0;
            if (_text[_at] == '\\' && _at + 1 < _text.Length)
            {
                _at++;
                ReadEscape(value, begin);
            }
            else
            {
                value.Append(_text[_at]);
            }
        }

        if (_at >= _text.Length)
        {
            throw _source.Wrong(begin, $"the text that begins here is not closed with {quote}");
        }

        _at++;
        Add(TemplateTokenKind.Text, value.ToString(), begin);
    }

    // The escapes of a Python text; one that is unknown stands as it is.
    private void ReadEscape(StringBuilder value, int begin)
    {
        char escape = _text[_at];
        int digits = escape switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            if (_at + digits >= _text.Length
                || !int.TryParse(_text.AsSpan(_at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int point)
                || point is < 0 or > 0x10FFFF)
            {
                throw _source.Wrong(begin, $"'\\{escape}' needs {digits} hexadecimal digits that name a character");
            }

            value.Append(point > 0xFFFF ? char.ConvertFromUtf32(point) : ((char)point).ToString());
            _at += digits;
            return;
        }

        _line += escape == '\n' ? 1 : 0;
        value.Append(escape switch
        {
            'n' => "\n",
            't' => "\t",
            'r' => "\r",
            'f' => "\f",
            'v' => "\v",
            'a' => "\a",
            'b' => "\b",
            '0' => "\0",
            '\n' => "",
            '\\' or '\'' or '"' => escape.ToString(),
            _ => $"\\{escape}",
        });
    }

    private bool IsRaw() => _tokens is [.., { Kind: TemplateTokenKind.StatementBegin }, { Value: "raw", Kind: TemplateTokenKind.Name }, _];

    /// <summary>Reads what stands between <c>{% raw %}</c> and <c>{% endraw %}</c> as text.</summary>
    private (bool Strip, bool Keep) ReadRaw(bool strip, int begin)
    {
        _tokens.RemoveRange(_tokens.Count - 3, 3);
        for (int tag = _text.IndexOf("{%", _at, StringComparison.Ordinal); tag >= 0; tag = _text.IndexOf("{%", tag + 2, StringComparison.Ordinal))
        {
            if (EndOfRaw(tag) is { } end)
            {
                AddData(tag, strip, atLineStart: false);
                MoveTo(end);
                return (_text[end - 3] == '-', _text[end - 3] == '+');
            }
        }

        throw _source.Wrong(begin, "'raw' begins here and is not closed with 'endraw'");
    }

    /// <summary>The place after <c>{% endraw %}</c> where it begins here.</summary>
    private int? EndOfRaw(int tag)
    {
        ReadOnlySpan<char> rest = _text.AsSpan(tag + 2);
        rest = rest.StartsWith("-") || rest.StartsWith("+") ? rest[1..] : rest;
        rest = rest.TrimStart();
        if (!rest.StartsWith("endraw"))
        {
            return null;
        }

        rest = rest["endraw".Length..].TrimStart();
        rest = rest.StartsWith("-") || rest.StartsWith("+") ? rest[1..] : rest;
        return rest.StartsWith("%}") ? _text.Length - rest.Length + 2 : null;
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
        int to = _at;
        while (to < _text.Length && TemplateText.IsSpace(_text[to]))
        {
            to++;
        }

        MoveTo(to);
    }

    private void MoveTo(int place)
    {
        _line += _text.AsSpan(_at, place - _at).Count('\n');
        _at = place;
    }

    private void Add(TemplateTokenKind kind, string value, int? line = null)
    {
        if (_tokens.Count == MostTokens)
        {
            throw _source.Wrong(_line, $"the template has more than {MostTokens} parts");
        }

        _tokens.Add(new TemplateToken(kind, value, line ?? _line));
    }
}
