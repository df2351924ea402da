namespace SafeVision.VisionLanguage.Templates;

/// <summary>A template in the part of Jinja that chat templates are written in. It reads nothing but the variables it
/// is given, and every rendering has a budget of steps, characters and depth. Immutable, thread-safe.</summary>
/// <remarks>The characters that come from a stranger's texts among the variables, and no others, stand in the result's
/// untrusted ranges; the template's own words are trusted. While it is rendered, <see cref="TextMarks"/> tells them
/// apart. <c>strftime_now</c> is not defined, so that a prompt doesn't depend on the day.</remarks>
internal sealed class Template
{
    private const int LongestRange = 100_000;

    private readonly TemplateStatement _body;
    private readonly TemplateSource _source;
    private readonly IReadOnlySet<char> _characters;

    private Template(TemplateStatement body, TemplateSource source, IReadOnlySet<char> characters, IReadOnlySet<string> names) =>
        (_body, _source, _characters, Names) = (body, source, characters, names);

    /// <summary>The words that may be names of variables.</summary>
    public IReadOnlySet<string> Names { get; }

    /// <exception cref="Inference.ModelLoadException">The template can't be parsed or holds something that isn't known; the message names file, line and what.</exception>
    public static Template Parse(string text, TemplateSource source)
    {
        IReadOnlyList<TemplateToken> tokens = TemplateLexer.Read(text, source);
        return new Template(
            TemplateParser.Parse(tokens, source),
            source,
            tokens.SelectMany(token => token.Value).ToHashSet(),
            tokens.Where(token => token.Kind == TemplateTokenKind.Name).Select(token => token.Value).ToHashSet(StringComparer.Ordinal));
    }

    /// <param name="isStrict">Whether writing something that isn't defined is an error; otherwise it is empty, as chat templates expect.</param>
    /// <exception cref="Inference.ModelLoadException">It asks for something that can't be done, raises an error of its own or takes more than its budget.</exception>
    public PromptText Render(TemplateMap variables, bool isStrict = false)
    {
        var scope = new TemplateScope(null);
        scope.Set("raise_exception", new TemplateFunction("raise_exception", static (run, arguments) =>
            throw run.Wrong($"the template refuses: {run.Marks.Plain(TemplateValues.ToText(run, arguments.Get(0, "message")))}")));
        scope.Set("namespace", new TemplateFunction("namespace", static (run, arguments) => Namespace(run, arguments)));
        scope.Set("dict", new TemplateFunction("dict", static (run, arguments) => Namespace(run, arguments).Values));
        scope.Set("range", new TemplateFunction("range", Range));
        var marks = new TextMarks(_characters, variables);
        foreach ((string name, object? value) in variables)
        {
            scope.Set(name, marks.Mark(value));
        }

        var run = new TemplateRun(_source, scope, marks, isStrict);
        _body(run);
        return marks.Read(run.Output.ToString());
    }

    private static TemplateNamespace Namespace(TemplateRun run, TemplateArguments arguments)
    {
        if (arguments.Values.Count > 0)
        {
            throw run.Wrong($"'{arguments.Callee}' is supported with named values only");
        }

        return new TemplateNamespace(new TemplateMap().SetAll(arguments.Named));
    }

    private static List<object?> Range(TemplateRun run, TemplateArguments arguments)
    {
        arguments.Expect(run, "start", "stop", "step");
        long[] bounds = [.. arguments.Values.Select(value => value as long? ?? throw run.Wrong($"'range' needs whole numbers, not {TemplateValues.Kind(value)}"))];
        (long start, long stop, long step) = bounds switch
        {
            [var end] => (0, end, 1),
            [var from, var to] => (from, to, 1),
            [var from, var to, var by] when by != 0 => (from, to, by),
            _ => throw run.Wrong("'range' needs one to three whole numbers, the third not zero"),
        };
        var numbers = new List<object?>();
        for (Int128 number = start; step > 0 ? number < stop : number > stop; number += step)
        {
            if (numbers.Count == LongestRange)
            {
                throw run.Wrong($"'range' gives more than {LongestRange} numbers");
            }

            run.Spend(1);
            numbers.Add((long)number);
        }

        return numbers;
    }
}

/// <summary>Where a template stands: what errors name.</summary>
/// <param name="FirstLine">The line of the file in which the template begins; 1 where it has a text of its own.</param>
internal sealed record TemplateSource(string Name, int FirstLine = 1)
{
    private const int LongestMessage = 1000;

    /// <summary>An error in a line of the template, counted from 1.</summary>
    public ModelLoadException Wrong(int line, string message) =>
        new($"{Name}, line {line + FirstLine - 1}: {(message.Length <= LongestMessage ? message : $"{message.AsSpan(0, LongestMessage)}…")}.");
}

/// <summary>A part of a template that was parsed; rendering it writes to the run's output.</summary>
internal delegate TemplateFlow TemplateStatement(TemplateRun run);

/// <summary>An expression that was parsed. Its value is null, a <see cref="bool"/>, <see cref="long"/>,
/// <see cref="double"/>, <see cref="string"/>, a list of values, a <see cref="TemplateMap"/>,
/// <see cref="TemplateNamespace"/>, <see cref="TemplateLoop"/>, <see cref="TemplateFunction"/> or
/// <see cref="TemplateUndefined"/>.</summary>
internal delegate object? TemplateExpression(TemplateRun run);

/// <summary>Something that a template can call: a macro or a built-in function.</summary>
internal sealed record TemplateFunction(string Name, Func<TemplateRun, TemplateArguments, object?> Call);
