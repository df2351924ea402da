using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace SafeVision.Conversion.Tfjs;

/// <summary>
/// Reads the object literal that a JavaScript minifier wrote and hands it on as JSON. Only data is understood: objects,
/// lists, double-quoted strings, numbers, <c>!0</c>, <c>!1</c>, <c>true</c>, <c>false</c>, <c>null</c>. Anything else
/// — a name, a call, a template — is refused, never evaluated.
/// </summary>
internal ref struct JavaScriptLiteral
{
    private const int DeepestNesting = 60;

    private readonly ReadOnlySpan<char> _text;
    private readonly Utf8JsonWriter _json;
    private readonly string _path;
    private int _at;

    private JavaScriptLiteral(string path, ReadOnlySpan<char> text, int start, Utf8JsonWriter json)
    {
        _path = path;
        _text = text;
        _at = start;
        _json = json;
    }

    /// <summary>The literal that starts at a place of a script, as JSON in UTF-8.</summary>
    /// <param name="path">The script's file, for messages.</param>
    /// <param name="script">The script.</param>
    /// <param name="start">Where the literal starts.</param>
    /// <exception cref="CheckpointException">It is more than data; the message names the place.</exception>
    public static ReadOnlyMemory<byte> ToJson(string path, string script, int start)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true }))
        {
            var literal = new JavaScriptLiteral(path, script, start, json);
            literal.ReadValue(0);
        }

        return buffer.WrittenMemory;
    }

    private void ReadValue(int depth)
    {
        if (depth > DeepestNesting)
        {
            throw Error($"nests deeper than {DeepestNesting} levels");
        }

        switch (Peek())
        {
            case '{':
                ReadObject(depth);
                break;
            case '[':
                ReadList(depth);
                break;
            case '"':
                _json.WriteStringValue(ReadString());
                break;
            case '!':
                _json.WriteBooleanValue(ReadNegation());
                break;
            case '-' or '.' or (>= '0' and <= '9'):
                ReadNumber();
                break;
            default:
                ReadWord();
                break;
        }
    }

    private void ReadObject(int depth)
    {
        _at++;
        _json.WriteStartObject();
        var keys = new HashSet<string>(StringComparer.Ordinal);
        while (Peek() != '}')
        {
            string key = _text[_at] == '"' ? ReadString() : ReadName();
            if (!keys.Add(key))
            {
                throw Error($"has the key '{key}' twice");
            }

            Expect(':');
            _json.WritePropertyName(key);
            ReadValue(depth + 1);
            if (Peek() != '}')
            {
                Expect(',');
            }
        }

        _at++;
        _json.WriteEndObject();
    }

    private void ReadList(int depth)
    {
        _at++;
        _json.WriteStartArray();
        while (Peek() != ']')
        {
            ReadValue(depth + 1);
            if (Peek() != ']')
            {
                Expect(',');
            }
        }

        _at++;
        _json.WriteEndArray();
    }

    private string ReadString()
    {
        var text = new StringBuilder();
        for (_at++; ; _at++)
        {
            char c = _at < _text.Length ? _text[_at] : throw Error("ends within a string");
            if (c == '"')
            {
                _at++;
                return text.ToString();
            }

            if (c < ' ')
            {
                throw Error("has a control character in a string");
            }

            text.Append(c == '\\' ? ReadEscape() : c);
        }
    }

    /// <summary>The character that an escape stands for; ends on the escape's last character.</summary>
    private char ReadEscape()
    {
        char c = ++_at < _text.Length ? _text[_at] : throw Error("ends within a string");
        int digits = c switch { 'x' => 2, 'u' => 4, _ => 0 };
        if (digits == 0)
        {
            return c switch
            {
                '"' or '\'' or '\\' or '/' => c,
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'b' => '\b',
                'f' => '\f',
                'v' => '\v',
                _ => throw Error($"has the escape '\\{c}', which is not read here"),
            };
        }

        if (_at + digits >= _text.Length || !ushort.TryParse(_text.Slice(_at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort code))
        {
            throw Error("has an escape without its hexadecimal digits");
        }

        if (char.IsSurrogate((char)code))
        {
            throw Error("has an escape that is half a character");
        }

        _at += digits;
        return (char)code;
    }

    private void ReadNumber()
    {
        int start = _at;
        while (_at < _text.Length && (char.IsAsciiDigit(_text[_at]) || _text[_at] is '.' or 'e' or 'E' or '-' or '+'))
        {
            _at++;
        }

        ReadOnlySpan<char> number = _text[start.._at];
        if (long.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole))
        {
            _json.WriteNumberValue(whole);
            return;
        }

        const NumberStyles style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (!double.TryParse(number, style, CultureInfo.InvariantCulture, out double value) || !double.IsFinite(value))
        {
            throw Error($"has the number '{(number.Length > 40 ? number[..40] : number)}'");
        }

        _json.WriteNumberValue(value);
    }

    private bool ReadNegation()
    {
        char digit = _at + 1 < _text.Length ? _text[_at + 1] : ' ';
        _at += 2;
        return digit switch { '0' => true, '1' => false, _ => throw Error("has an expression where data was expected") };
    }

    private void ReadWord()
    {
        switch (ReadName())
        {
            case "null":
                _json.WriteNullValue();
                break;
            case "true":
                _json.WriteBooleanValue(true);
                break;
            case "false":
                _json.WriteBooleanValue(false);
                break;
            case { } name:
                throw Error($"has the name '{(name.Length > 40 ? name[..40] : name)}' where data was expected");
        }
    }

    private string ReadName()
    {
        int start = _at;
        while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] is '_' or '$'))
        {
            _at++;
        }

        return _at > start ? _text[start.._at].ToString() : throw Error("has something other than data");
    }

    private void Expect(char expected)
    {
        if (Peek() != expected)
        {
            throw Error($"needs '{expected}'");
        }

        _at++;
    }

    private char Peek()
    {
        while (_at < _text.Length && _text[_at] is ' ' or '\t' or '\r' or '\n')
        {
            _at++;
        }

        return _at < _text.Length ? _text[_at] : throw Error("ends within the literal");
    }

    private readonly CheckpointException Error(string problem) => new($"{_path}: the object literal {problem} (character {_at}).");
}
