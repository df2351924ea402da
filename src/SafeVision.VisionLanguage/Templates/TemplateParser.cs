namespace SafeVision.VisionLanguage.Templates;

/// <summary>Parses a template's statements.</summary>
internal sealed class TemplateParser
{
    private readonly TemplateTokens _tokens;
    private readonly ExpressionParser _expressions;
    private int _loops;

    private TemplateParser(TemplateTokens tokens) => (_tokens, _expressions) = (tokens, new ExpressionParser(tokens));

    /// <exception cref="Inference.ModelLoadException">The template holds something that isn't known; the message names it and its line.</exception>
    public static TemplateStatement Parse(IReadOnlyList<TemplateToken> read, TemplateSource source)
    {
        var tokens = new TemplateTokens(read, source);
        TemplateStatement body = new TemplateParser(tokens).ParseBody();
        return tokens.Current.Kind == TemplateTokenKind.EndOfTemplate
            ? body
            : throw tokens.Wrong(tokens.Following, $"{tokens.Following} closes what was not opened");
    }

    /// <summary>The statements up to the end of the template or to a tag with one of these words, which stays where it is.</summary>
    private TemplateStatement ParseBody()
    {
        var statements = new List<TemplateStatement>();
        while (true)
        {
            TemplateToken token = _tokens.Current;
            switch (token.Kind)
            {
                case TemplateTokenKind.Data:
                    _tokens.Next();
                    string data = token.Value;
                    statements.Add(run => Write(run, data));
                    break;
                case TemplateTokenKind.OutputBegin:
                    _tokens.Next();
                    TemplateExpression output = _expressions.ParseTuple();
                    _tokens.ExpectEnd();
                    statements.Add(run =>
                    {
                        run.Line = token.Line;
                        return Write(run, TemplateValues.ToText(run, output(run)));
                    });
                    break;
                case TemplateTokenKind.StatementBegin when !IsClosing(_tokens.Following):
                    _tokens.Next();
                    TemplateStatement statement = _tokens.Nested(ParseStatement);
                    statements.Add(run =>
                    {
                        run.Line = token.Line;
                        run.Spend(1);
                        return statement(run);
                    });
                    break;
                default:
                    return Sequence(statements);
            }
        }
    }

    private static bool IsClosing(TemplateToken token) => token.Kind == TemplateTokenKind.Name
        && (token.Value is "else" or "elif" || token.Value.StartsWith("end", StringComparison.Ordinal));

    private TemplateStatement ParseStatement()
    {
        TemplateToken token = _tokens.Current;
        switch (_tokens.ExpectWord())
        {
            case "if":
                return ParseIf();
            case "for":
                return ParseFor();
            case "set":
                return ParseSet();
            case "macro":
                return ParseMacro();
            case "filter":
                TemplateExpression filtered = ParseFiltered("endfilter");
                return run => Write(run, TemplateValues.ToText(run, filtered(run)));
            case "generation": // Marks what is trained on; renders as if it were not there.
                _tokens.ExpectEnd();
                return ParseBlock("endgeneration");
            case "break" when _loops > 0:
                _tokens.ExpectEnd();
                return static _ => TemplateFlow.Break;
            case "continue" when _loops > 0:
                _tokens.ExpectEnd();
                return static _ => TemplateFlow.Continue;
            default:
                throw _tokens.Wrong(token, $"the statement {token} is not supported; supported are if, for, set, filter, macro, raw, break, continue and generation");
        }
    }

    private TemplateStatement ParseIf()
    {
        var cases = new List<(TemplateExpression Condition, TemplateStatement Body)>();
        TemplateStatement otherwise = static _ => TemplateFlow.Next;
        do
        {
            TemplateExpression condition = _expressions.ParseTuple();
            _tokens.ExpectEnd();
            cases.Add((condition, ParseBody()));
            Open("if");
        }
        while (_tokens.SkipName("elif"));

        if (_tokens.SkipName("else"))
        {
            _tokens.ExpectEnd();
            otherwise = ParseBody();
            Open("if");
        }

        Close("endif");
        return run =>
        {
            foreach ((TemplateExpression condition, TemplateStatement body) in cases)
            {
                run.Spend(1);
                if (TemplateValues.IsTrue(condition(run)))
                {
                    return body(run);
                }
            }

            return otherwise(run);
        };
    }

    private TemplateStatement ParseFor()
    {
        List<string> names = ParseNames();
        _tokens.ExpectName("in");
        TemplateExpression items = _expressions.ParseWithoutChoice();
        TemplateExpression? condition = _tokens.SkipName("if") ? _expressions.Parse() : null;
        if (_tokens.Current.IsName("recursive"))
        {
            throw _tokens.Wrong(_tokens.Current, "a loop that is 'recursive' is not supported");
        }

        _tokens.ExpectEnd();
        _loops++;
        TemplateStatement body = ParseBody();
        _loops--;
        TemplateStatement? otherwise = null;
        Open("for");
        if (_tokens.SkipName("else"))
        {
            _tokens.ExpectEnd();
            otherwise = ParseBody();
            Open("for");
        }

        Close("endfor");
        return new TemplateForLoop(names, items, condition, body, otherwise).Render;
    }

    private TemplateStatement ParseSet()
    {
        List<string> names = ParseNames();
        string? member = names.Count == 1 && _tokens.SkipSign(".") ? _tokens.ExpectWord() : null;
        TemplateExpression value;
        if (_tokens.SkipSign("="))
        {
            value = _expressions.ParseTuple();
            _tokens.ExpectEnd();
        }
        else
        {
            value = ParseFiltered("endset");
        }

        return run =>
        {
            if (member is null)
            {
                TemplateValues.Bind(run, run.Scope, names, value(run));
                return TemplateFlow.Next;
            }

            if (!run.Scope.TryGet(names[0], out object? target) || target is not TemplateNamespace @namespace)
            {
                throw run.Wrong($"'{names[0]}.{member}' can't be set; only what 'namespace()' made can");
            }

            @namespace.Values[member] = value(run);
            return TemplateFlow.Next;
        };
    }

    private TemplateStatement ParseMacro()
    {
        string name = _tokens.ExpectWord();
        var parameters = new List<(string Name, TemplateExpression? Default)>();
        _tokens.ExpectSign("(");
        while (!_tokens.SkipSign(")"))
        {
            if (parameters.Count > 0)
            {
                _tokens.ExpectSign(",");
            }

            string parameter = _tokens.ExpectWord();
            parameters.Add((parameter, _tokens.SkipSign("=") ? _expressions.Parse() : null));
        }

        _tokens.ExpectEnd();
        (int loops, _loops) = (_loops, 0);
        TemplateStatement body = ParseBlock("endmacro");
        _loops = loops;
        return run =>
        {
            TemplateScope scope = run.Scope;
            scope.Set(name, new TemplateFunction(name, (caller, arguments) => Call(caller, scope, arguments)));
            return TemplateFlow.Next;
        };

        object? Call(TemplateRun run, TemplateScope outer, TemplateArguments arguments)
        {
            arguments.Expect(run, [.. parameters.Select(parameter => parameter.Name)]);
            var scope = new TemplateScope(outer);
            for (int i = 0; i < parameters.Count; i++)
            {
                object? value = arguments.Get(i, parameters[i].Name);
                scope.Set(parameters[i].Name, value is TemplateUndefined && parameters[i].Default is { } otherwise ? otherwise(run) : value);
            }

            return run.Call(scope, body);
        }
    }

    /// <summary>What a block writes, as a text that goes through the filters of its tag.</summary>
    private TemplateExpression ParseFiltered(string end)
    {
        TemplateStatement? body = null;
        TemplateExpression captured = run => run.Capture(body!);
        captured = end == "endfilter" ? _expressions.ParseFilter(captured) : _expressions.ParseFilters(captured);
        _tokens.ExpectEnd();
        body = ParseBlock(end);
        return captured;
    }

    private TemplateStatement ParseBlock(string end)
    {
        TemplateStatement body = ParseBody();
        Open(end[3..]);
        Close(end);
        return body;
    }

    private List<string> ParseNames()
    {
        bool inParentheses = _tokens.SkipSign("(");
        var names = new List<string> { _tokens.ExpectWord() };
        while (_tokens.SkipSign(","))
        {
            names.Add(_tokens.ExpectWord());
        }

        if (inParentheses)
        {
            _tokens.ExpectSign(")");
        }

        return names;
    }

    /// <summary>Goes into the tag that continues or closes a statement.</summary>
    private void Open(string statement)
    {
        if (_tokens.Next() is { Kind: not TemplateTokenKind.StatementBegin } token)
        {
            throw _tokens.Wrong(token, $"'{statement}' is not closed; expected 'end{statement}' here, but found {token}");
        }
    }

    private void Close(string word)
    {
        _tokens.ExpectName(word);
        _tokens.ExpectEnd();
    }

    private static TemplateFlow Write(TemplateRun run, string text)
    {
        run.Write(text);
        return TemplateFlow.Next;
    }

    private static TemplateStatement Sequence(List<TemplateStatement> statements) => statements.Count == 1 ? statements[0] : run =>
    {
        foreach (TemplateStatement statement in statements)
        {
            if (statement(run) is var flow and not TemplateFlow.Next)
            {
                return flow;
            }
        }

        return TemplateFlow.Next;
    };
}
