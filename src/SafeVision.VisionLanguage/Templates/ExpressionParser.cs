// Templates: chat templates in the part of Jinja that checkpoints use. Template is the way in: TemplateLexer to tokens, TemplateParser
// (ExpressionParser, OperandParser) to a tree, TemplateRun to text, within limits of time and size; TextMarks keeps untrusted text apart.

namespace SafeVision.VisionLanguage.Templates;

/// <summary>Parses expressions, by the grammar and precedence of jinja2/parser.py.</summary>
/// <remarks>Chains of operators are folded in a loop, so that only nesting, which is bounded, takes stack.</remarks>
internal sealed class ExpressionParser
{
    private static readonly string[] s_comparisons = ["==", "!=", "<", ">", "<=", ">="];
    private static readonly string[] s_sums = ["+", "-"];
    private static readonly string[] s_joins = ["~"];
    private static readonly string[] s_products = ["*", "/", "//", "%"];

    private readonly TemplateTokens _tokens;
    private readonly OperandParser _operands;

    public ExpressionParser(TemplateTokens tokens) => (_tokens, _operands) = (tokens, new OperandParser(tokens, this));

    /// <summary>An expression; with commas between several it is a list.</summary>
    public TemplateExpression ParseTuple()
    {
        TemplateExpression first = Parse();
        if (!_tokens.Current.IsSign(","))
        {
            return first;
        }

        var items = new List<TemplateExpression> { first };
        while (_tokens.SkipSign(",") && !_tokens.Current.IsSign(")") && _tokens.Current.Kind != TemplateTokenKind.End)
        {
            items.Add(Parse());
        }

        return OperandParser.ListOf(items);
    }

    public TemplateExpression Parse() => _tokens.Nested(ParseChoice);

    /// <summary>An expression without <c>if … else</c>, as loops need it.</summary>
    public TemplateExpression ParseWithoutChoice() => _tokens.Nested(ParseOr);

    /// <summary>The filters that follow a value, each after a <c>|</c>.</summary>
    public TemplateExpression ParseFilters(TemplateExpression value) => _operands.ParseFilters(value);

    /// <summary>A filter without a <c>|</c> before it, and those that follow.</summary>
    public TemplateExpression ParseFilter(TemplateExpression value) => _operands.ParseFilters(value, first: true);

    private TemplateExpression ParseChoice()
    {
        TemplateExpression value = ParseOr();
        if (!_tokens.SkipName("if"))
        {
            return value;
        }

        TemplateExpression condition = ParseOr();
        TemplateExpression otherwise = _tokens.SkipName("else") ? Parse() : static _ => new TemplateUndefined("the other case");
        return run => TemplateValues.IsTrue(condition(run)) ? value(run) : otherwise(run);
    }

    private TemplateExpression ParseOr() => ParseLogic("or", () => ParseLogic("and", ParseNot, until: false), until: true);

    // Python's "and" and "or" give the value that decided.
    private TemplateExpression ParseLogic(string word, Func<TemplateExpression> parse, bool until)
    {
        TemplateExpression first = parse();
        if (!_tokens.Current.IsName(word))
        {
            return first;
        }

        var operands = new List<TemplateExpression> { first };
        while (_tokens.SkipName(word))
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
        if (!_tokens.SkipName("not"))
        {
            return ParseComparison();
        }

        TemplateExpression operand = _tokens.Nested(ParseNot);
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
        if (_tokens.Current.IsName("not") && _tokens.Following.IsName("in"))
        {
            _tokens.Next();
            _tokens.Next();
            return "not in";
        }

        return _tokens.SkipName("in") ? "in" : Sign(s_comparisons);
    }

    private string? Sign(string[] signs) =>
        _tokens.Current.Kind == TemplateTokenKind.Sign && signs.Contains(_tokens.Current.Value) ? _tokens.Next().Value : null;

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
            TemplateExpression operand = _tokens.Nested(() => ParseUnary(false));
            value = run => TemplateArithmetic.Signed(run, sign, operand(run));
        }
        else
        {
            value = _operands.Parse();
        }

        return withFilters ? _operands.ParseFilters(value) : value;
    }
}
