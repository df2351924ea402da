using System.Globalization;
using System.Text;
using SafeVision.Tokenizers;

namespace SafeVision.Templates;

/// <summary>Parses expressions, by the grammar and precedence of jinja2/parser.py.</summary>
/// <remarks>Chains of operators are folded in a loop, so that only nesting, which is bounded, takes stack.</remarks>
internal sealed class ExpressionParser(TemplateTokens tokens)
{
    private static readonly string[] s_comparisons = ["==", "!=", "<", ">", "<=", ">="];
    private static readonly string[] s_sums = ["+", "-"];
    private static readonly string[] s_joins = ["~"];
    private static readonly string[] s_products = ["*", "/", "//", "%"];

    /// <summary>An expression; with commas between several it is a list.</summary>
    public TemplateExpression ParseTuple()
    {
        TemplateExpression first = Parse();
        if (!tokens.Current.IsSign(","))
        {
            return first;
        }

        var items = new List<TemplateExpression> { first };
        while (tokens.SkipSign(",") && !tokens.Current.IsSign(")") && tokens.Current.Kind != TemplateTokenKind.End)
        {
            items.Add(Parse());
        }

        return ListOf(items);
    }

    /// <summary>A single expression.</summary>
    public TemplateExpression Parse() => tokens.Nested(ParseChoice);

    /// <summary>An expression without <c>if … else</c>, as loops need it.</summary>
    public TemplateExpression ParseWithoutChoice() => tokens.Nested(ParseOr);

    private TemplateExpression ParseChoice()
    {
        TemplateExpression value = ParseOr();
        if (!tokens.SkipName("if"))
        {
            return value;
        }

        TemplateExpression condition = ParseOr();
        TemplateExpression otherwise = tokens.SkipName("else") ? Parse() : static _ => new TemplateUndefined("the other case");
        return run => TemplateValues.IsTrue(condition(run)) ? value(run) : otherwise(run);
    }

    private TemplateExpression ParseOr() => ParseLogic("or", () => ParseLogic("and", ParseNot, until: false), until: true);

    // Python's "and" and "or" give the value that decided.
    private TemplateExpression ParseLogic(string word, Func<TemplateExpression> parse, bool until)
    {
        TemplateExpression first = parse();
        if (!tokens.Current.IsName(word))
        {
            return first;
        }

        var operands = new List<TemplateExpression> { first };
        while (tokens.SkipName(word))
        {
            operands.Add(parse());
        }

        return run =>
        {
            object? value = null;
            foreach (TemplateExpression operand in operands)
            {
                run.Spend(1);
                value = operand(run);
                if (TemplateValues.IsTrue(value) == until)
                {
                    break;
                }
            }

            return value;
        };
    }

    private TemplateExpression ParseNot()
    {
        if (!tokens.SkipName("not"))
        {
            return ParseComparison();
        }

        TemplateExpression operand = tokens.Nested(ParseNot);
        return run => !TemplateValues.IsTrue(operand(run));
    }

    private TemplateExpression ParseComparison()
    {
        TemplateExpression first = ParseSum();
        var rest = new List<(string Sign, TemplateExpression Operand)>();
        while (Comparison() is { } sign)
        {
            rest.Add((sign, ParseSum()));
        }

        return rest.Count == 0 ? first : run =>
        {
            object? left = first(run);
            foreach ((string sign, TemplateExpression operand) in rest)
            {
                object? right = operand(run);
                if (!TemplateValues.Compare(run, sign, left, right))
                {
                    return false;
                }

                left = right;
            }

            return true;
        };
    }

    private string? Comparison()
    {
        if (tokens.Current.IsName("not") && tokens.Following.IsName("in"))
        {
            tokens.Next();
            tokens.Next();
            return "not in";
        }

        return tokens.SkipName("in") ? "in" : Sign(s_comparisons);
    }

    private string? Sign(string[] signs) =>
        tokens.Current.Kind == TemplateTokenKind.Sign && signs.Contains(tokens.Current.Value) ? tokens.Next().Value : null;

    private TemplateExpression ParseSum() => ParseArithmetic(s_sums, () => ParseArithmetic(s_joins, () => ParseArithmetic(s_products, () => ParseUnary(true))));

    private TemplateExpression ParseArithmetic(string[] signs, Func<TemplateExpression> parse)
    {
        TemplateExpression first = parse();
        var rest = new List<(string Sign, TemplateExpression Operand)>();
        while (Sign(signs) is { } sign)
        {
            rest.Add((sign, parse()));
        }

        return rest.Count == 0 ? first : run =>
        {
            object? value = first(run);
            foreach ((string sign, TemplateExpression operand) in rest)
            {
                value = TemplateArithmetic.Apply(run, sign, value, operand(run));
            }

            return value;
        };
    }

    private TemplateExpression ParseUnary(bool withFilters)
    {
        TemplateExpression value;
        if (Sign(s_sums) is { } sign)
        {
            TemplateExpression operand = tokens.Nested(() => ParseUnary(false));
            value = run => TemplateArithmetic.Signed(run, sign, operand(run));
        }
        else
        {
            value = ParsePostfix(ParsePrimary());
        }

        return withFilters ? ParseFilters(value) : value;
    }

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

                var value = PromptText.Trusted(text.ToString());
                return _ => value;
            case TemplateTokenKind.Number:
                return ParseNumber(token);
            case TemplateTokenKind.Sign when token.Value == "(":
                TemplateExpression inner = tokens.SkipSign(")") ? ListOf([]) : Closed(ParseTuple(), ")");
                return inner;
            case TemplateTokenKind.Sign when token.Value == "[":
                return ListOf(ParseItems("]", Parse));
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
            TemplateExpression key = Parse();
            tokens.ExpectSign(":");
            return (key, Parse());
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
        TemplateExpression? start = tokens.Current.IsSign(":") ? null : ParseTuple();
        if (tokens.SkipSign("]"))
        {
            return (run, value) => TemplateMembers.Item(run, value, start!(run));
        }

        tokens.ExpectSign(":");
        TemplateExpression? stop = Bound(), step = tokens.SkipSign(":") ? Bound() : null;
        tokens.ExpectSign("]");
        return (run, value) => TemplateMembers.Slice(run, value, start?.Invoke(run), stop?.Invoke(run), step?.Invoke(run));

        TemplateExpression? Bound() => tokens.Current.IsSign(":") || tokens.Current.IsSign("]") ? null : Parse();
    }

    private TemplateExpression ParseFilters(TemplateExpression target)
    {
        var steps = new List<Func<TemplateRun, object?, object?>>();
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
            TemplateExpression argument = tokens.Nested(() => ParsePostfix(ParsePrimary()));
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

            return (name, Parse());
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

    private TemplateExpression Closed(TemplateExpression value, string close)
    {
        tokens.ExpectSign(close);
        return value;
    }

    private static TemplateExpression ListOf(List<TemplateExpression> items) => run =>
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
