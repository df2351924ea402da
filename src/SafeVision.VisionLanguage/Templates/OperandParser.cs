namespace SafeVision.VisionLanguage.Templates;

/// <summary>Parses what operators stand between: values, what is asked of them, and the filters and tests behind them.</summary>
internal sealed class OperandParser(TemplateTokens tokens, ExpressionParser expressions)
{
    /// <summary>A value and what is asked of it.</summary>
    public TemplateExpression Parse() => ParsePostfix(ParsePrimary());

    private TemplateExpression ParsePrimary()
    {
        TemplateToken token = tokens.Next();
        switch (token.Kind)
        {
            case TemplateTokenKind.Name:
                return ParseName(token);
            case TemplateTokenKind.Text:
                var text = new StringBuilder(token.Value);
                while (tokens.Current.Kind == TemplateTokenKind.Text)
                {
                    text.Append(tokens.Next().Value);
                }

                var value = text.ToString();
                return _ => value;
            case TemplateTokenKind.Number:
                return ParseNumber(token);
            case TemplateTokenKind.Sign when token.Value == "(":
                TemplateExpression inner = tokens.Current.IsSign(")") ? ListOf([]) : expressions.ParseTuple();
                tokens.ExpectSign(")");
                return inner;
            case TemplateTokenKind.Sign when token.Value == "[":
                return ListOf(ParseItems("]", expressions.Parse));
            case TemplateTokenKind.Sign when token.Value == "{":
                return ParseMap();
            default:
                throw tokens.Wrong(token, $"expected a value here, but found {token}");
        }
    }

    private static TemplateExpression ParseName(TemplateToken token) => token.Value switch
    {
        "true" or "True" => static _ => true,
        "false" or "False" => static _ => false,
        "none" or "None" => static _ => null,
        string name => run => Variable(run, name),
    };

    private static object? Variable(TemplateRun run, string name)
    {
        run.Spend(1);
        return run.Scope.TryGet(name, out object? value) ? value : new TemplateUndefined(name);
    }

    private TemplateExpression ParseNumber(TemplateToken token)
    {
        if (long.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out long whole))
        {
            return _ => whole;
        }

        return double.TryParse(token.Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) && token.Value.Contains('.', StringComparison.Ordinal)
            ? _ => number
            : throw tokens.Wrong(token, $"the number {token} is too large");
    }

    private TemplateExpression ParseMap()
    {
        List<(TemplateExpression Key, TemplateExpression Value)> entries = ParseItems("}", () =>
        {
            TemplateExpression key = expressions.Parse();
            tokens.ExpectSign(":");
            return (key, expressions.Parse());
        });
        return run =>
        {
            var map = new TemplateMap();
            foreach ((TemplateExpression key, TemplateExpression value) in entries)
            {
                run.Spend(1);
                map[TemplateValues.Key(run, key(run))] = value(run);
            }

            return map;
        };
    }

    private TemplateExpression ParsePostfix(TemplateExpression target)
    {
        var steps = new List<Func<TemplateRun, object?, object?>>();
        while (true)
        {
            if (tokens.SkipSign("."))
            {
                TemplateToken name = tokens.Next();
                steps.Add(name.Kind switch
                {
                    TemplateTokenKind.Name => (run, value) => TemplateMembers.Attribute(run, value, name.Value),
                    _ => throw tokens.Wrong(name, $"expected a name after '.', but found {name}"),
                });
            }
            else if (tokens.SkipSign("["))
            {
                steps.Add(ParseSubscript());
            }
            else if (tokens.SkipSign("("))
            {
                Func<TemplateRun, string, TemplateArguments> arguments = ParseArguments();
                steps.Add((run, value) => TemplateMembers.Call(run, value, arguments));
            }
            else
            {
                return Folded(target, steps);
            }
        }
    }

    private Func<TemplateRun, object?, object?> ParseSubscript()
    {
        TemplateExpression? start = tokens.Current.IsSign(":") ? null : expressions.ParseTuple();
        if (tokens.SkipSign("]"))
        {
            return (run, value) => TemplateMembers.Item(run, value, start!(run));
        }

        tokens.ExpectSign(":");
        TemplateExpression? stop = Bound(), step = tokens.SkipSign(":") ? Bound() : null;
        tokens.ExpectSign("]");
        return (run, value) => TemplateMembers.Slice(run, value, start?.Invoke(run), stop?.Invoke(run), step?.Invoke(run));

        TemplateExpression? Bound() => tokens.Current.IsSign(":") || tokens.Current.IsSign("]") ? null : expressions.Parse();
    }

    /// <summary>What stands behind a value: filters and tests.</summary>
    public TemplateExpression ParseFilters(TemplateExpression target, bool first = false)
    {
        List<Func<TemplateRun, object?, object?>> steps = first ? [ParseFilter()] : [];
        while (true)
        {
            if (tokens.SkipSign("|"))
            {
                steps.Add(ParseFilter());
            }
            else if (tokens.SkipName("is"))
            {
                steps.Add(ParseTest());
            }
            else if (steps.Count > 0 && tokens.SkipSign("("))
            {
                Func<TemplateRun, string, TemplateArguments> arguments = ParseArguments();
                steps.Add((run, value) => TemplateMembers.Call(run, value, arguments));
            }
            else
            {
                return Folded(target, steps);
            }
        }
    }

    private Func<TemplateRun, object?, object?> ParseFilter()
    {
        TemplateToken token = tokens.Current;
        string name = tokens.ExpectWord();
        if (TemplateFilters.Find(name) is not { } filter)
        {
            throw tokens.Wrong(token, $"the filter '{name}' is not supported; supported are {string.Join(", ", TemplateFilters.Names)}");
        }

        Func<TemplateRun, string, TemplateArguments> arguments = tokens.SkipSign("(") ? ParseArguments() : static (_, callee) => new TemplateArguments(callee, [], []);
        return (run, value) => filter(run, value, arguments(run, name));
    }

    private Func<TemplateRun, object?, object?> ParseTest()
    {
        bool negated = tokens.SkipName("not");
        TemplateToken token = tokens.Current;
        string name = tokens.ExpectWord();
        if (TemplateTests.Find(name) is not { } test)
        {
            throw tokens.Wrong(token, $"the test 'is {name}' is not supported; supported are {string.Join(", ", TemplateTests.Names)}");
        }

        Func<TemplateRun, string, TemplateArguments> arguments = static (_, callee) => new TemplateArguments(callee, [], []);
        if (tokens.SkipSign("("))
        {
            arguments = ParseArguments();
        }
        else if (TemplateTests.TakesArgument(name))
        {
            TemplateExpression argument = tokens.Nested(Parse);
            arguments = (run, callee) => new TemplateArguments(callee, [argument(run)], []);
        }

        return (run, value) => test(run, value, arguments(run, name)) != negated;
    }

    private Func<TemplateRun, string, TemplateArguments> ParseArguments()
    {
        List<(string? Name, TemplateExpression Value)> arguments = ParseItems(")", () =>
        {
            string? name = tokens.Current.Kind == TemplateTokenKind.Name && tokens.Following.IsSign("=") ? tokens.ExpectWord() : null;
            if (name is not null)
            {
                tokens.ExpectSign("=");
            }

            return (name, expressions.Parse());
        });
        return (run, callee) =>
        {
            var values = new List<object?>();
            var named = new List<KeyValuePair<string, object?>>();
            foreach ((string? name, TemplateExpression value) in arguments)
            {
                run.Spend(1);
                if (name is null)
                {
                    values.Add(value(run));
                }
                else
                {
                    named.Add(new(name, value(run)));
                }
            }

            return new TemplateArguments(callee, values, named);
        };
    }

    /// <summary>What stands, with commas between, up to a closing sign.</summary>
    private List<T> ParseItems<T>(string close, Func<T> parse)
    {
        var items = new List<T>();
        while (!tokens.SkipSign(close))
        {
            if (items.Count > 0)
            {
                tokens.ExpectSign(",");
                if (tokens.SkipSign(close))
                {
                    break;
                }
            }

            items.Add(parse());
        }

        return items;
    }

    public static TemplateExpression ListOf(List<TemplateExpression> items) => run =>
    {
        run.Spend(1 + items.Count);
        var list = new List<object?>(items.Count);
        foreach (TemplateExpression item in items)
        {
            list.Add(item(run));
        }

        return list;
    };

    private static TemplateExpression Folded(TemplateExpression target, List<Func<TemplateRun, object?, object?>> steps) => steps.Count == 0 ? target : run =>
    {
        object? value = target(run);
        foreach (Func<TemplateRun, object?, object?> step in steps)
        {
            run.Spend(1);
            value = step(run, value);
        }

        return value;
    };
}
