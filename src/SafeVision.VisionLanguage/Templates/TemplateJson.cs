namespace SafeVision.VisionLanguage.Templates;

/// <summary>Values as JSON, as transformers defines <c>tojson</c>: Python's <c>json.dumps</c> with
/// <c>ensure_ascii=False</c>, and no HTML escapes.</summary>
internal sealed class TemplateJson
{
    private const int Deepest = 64;

    private readonly TemplateRun _run;
    private readonly StringBuilder _output = new();
    private readonly int? _indent;

    private TemplateJson(TemplateRun run, int? indent) => (_run, _indent) = (run, indent);

    /// <summary>The filter <c>tojson</c>; of its arguments, <c>indent</c> alone changes anything.</summary>
    public static object? Write(TemplateRun run, object? value, TemplateArguments arguments)
    {
        arguments.Expect(run, "ensure_ascii", "indent");
        if (TemplateValues.IsTrue(arguments.Get(0, "ensure_ascii")))
        {
            throw run.Wrong("'tojson' with 'ensure_ascii' is not supported");
        }

        object? indent = arguments.Get(1, "indent");
        if (indent is not (null or TemplateUndefined or >= 0L and <= 16L))
        {
            throw run.Wrong("'tojson' takes an 'indent' from 0 to 16");
        }

        var writer = new TemplateJson(run, indent is long width ? (int)width : null);
        writer.Write(value, 0);
        return writer._output.ToString();
    }

    private void Write(object? value, int depth)
    {
        _run.Spend(1);
        if (depth > Deepest)
        {
            throw _run.Wrong($"values nested more than {Deepest} deep can't be written as JSON");
        }

        switch (value)
        {
            case string text:
                Write(text);
                break;
            case null:
                Put("null");
                break;
            case bool truth:
                Put(truth ? "true" : "false");
                break;
            case long number:
                Put(number.ToString(CultureInfo.InvariantCulture));
                break;
            case double number:
                Put(TemplateValues.ToText(number));
                break;
            case IReadOnlyList<object?> list:
                WriteItems('[', ']', list.Count, depth, i => Write(list[i], depth + 1));
                break;
            case TemplateMap map:
                WriteItems('{', '}', map.Count, depth, i =>
                {
                    Write(map.GetAt(i).Key);
                    Put(": ");
                    Write(map.GetAt(i).Value, depth + 1);
                });
                break;
            default:
                throw _run.Wrong($"{TemplateValues.Kind(value)} can't be written as JSON");
        }
    }

    private void WriteItems(char open, char close, int count, int depth, Action<int> write)
    {
        Put(open.ToString());
        for (int i = 0; i < count; i++)
        {
            Put(i == 0 ? "" : _indent is null ? ", " : ",");
            BreakLine(depth + 1);
            write(i);
        }

        if (count > 0)
        {
            BreakLine(depth);
        }

        Put(close.ToString());
    }

    private void BreakLine(int depth)
    {
        if (_indent is { } width)
        {
            Put("\n" + new string(' ', width * depth));
        }
    }

    // The quotation marks are the template's, all between them the text's.
    private void Write(string text)
    {
        _run.SpendCharacters(6L * text.Length); // What the longest escapes would take.
        var escaped = new StringBuilder(text.Length);
        foreach (char character in text)
        {
            char plain = _run.Marks.Plain(character);
            string written = plain switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\b' => "\\b",
                '\f' => "\\f",
                < ' ' => $"\\u{(int)plain:x4}",
                _ => plain.ToString(),
            };
            escaped.Append(plain == character ? written : _run.Marks.Mark(written));
        }

        Put("\"");
        _output.Append(escaped);
        Put("\"");
    }

    private void Put(string text)
    {
        _run.SpendCharacters(text.Length);
        _output.Append(text);
    }
}
