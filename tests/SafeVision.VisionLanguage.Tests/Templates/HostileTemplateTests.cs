using System.Diagnostics;
using CsCheck;
using SafeVision.Inference;
using SafeVision.VisionLanguage.Templates;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Tests.Templates;

/// <summary>A template comes with a model and may be written to harm: it fails with one kind of error, soon, and with little memory.</summary>
public sealed class HostileTemplateTests
{
    private const int Many = 40_000;

    public static TheoryData<string, string, string> Hostile => new()
    {
        { "nested parentheses", Repeat("(", Many) + "1" + Repeat(")", Many), "nested" },
        { "nested lists", Repeat("[", Many) + Repeat("]", Many), "nested" },
        { "nested statements", "%" + Repeat("{% if true %}", Many), "nested" },
        { "nested negation", Repeat("not ", Many) + "1", "nested" },
        { "nested signs", Repeat("-", Many) + "1", "nested" },
        { "nested choices", Repeat("1 if 0 else ", Many) + "1", "nested" },
        { "endless loops", "%{% for a in range(100000) %}{% for b in range(100000) %}{% for c in range(100000) %}{% endfor %}{% endfor %}{% endfor %}", "steps" },
        { "a huge range", "range(1000000000000) | length", "numbers" },
        { "a huge range backwards", "range(0, -9223372036854775807, -1) | length", "numbers" },
        { "repetition", "'ab' * 1000000000", "characters" },
        { "repetition of repetition", "'ab' * 10000 * 10000", "characters" },
        { "doubling", "%{% set ns = namespace(x='ab') %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}", "characters" },
        { "doubling by replacement", "%{% set ns = namespace(x='ab') %}{% for i in range(64) %}{% set ns.x = ns.x.replace('a', ns.x) %}{% endfor %}", "characters" },
        { "doubling lists", "%{% set ns = namespace(x=[1]) %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}", "steps" },
        { "doubling by a block", "%{% set ns = namespace(x='ab') %}{% for i in range(64) %}{% set y %}{{ ns.x }}{{ ns.x }}{% endset %}{% set ns.x = y %}{% endfor %}", "characters" },
        { "a deep value compared", "%{% set ns = namespace(x=[], y=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% set ns.y = [ns.y] %}{% endfor %}{{ ns.x == ns.y }}", "deep" },
        { "a deep value written", "%{% set ns = namespace(x=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x | tojson }}", "deep" },
        { "a wide value written", "%{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}", "steps" },
        { "a macro that calls itself", "%{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "macros" },
        { "much output", "%{% for i in range(100000) %}" + Repeat("x", 1000) + "{% endfor %}", "writes more" },
        { "a comparison of long texts over and over", "%{% set a = 'x' * 1000000 %}{% set b = 'x' * 1000000 %}{% for i in range(100000) %}{% if a == b %}{% endif %}{% endfor %}", "steps" },
        { "a search that is slow", "%{% set a = 'x' * 1000000 %}{% set b = 'x' * 500000 + 'y' %}{{ b in a }}", "steps" },
        { "a split that is slow", "%{% set a = 'x' * 1000000 %}{% set b = 'x' * 500000 + 'y' %}{{ a.split(b) | length }}", "steps" },
        { "an overflow", "9223372036854775807 + 1", "too large" },
        { "the least number divided", "(0 - 9223372036854775807 - 1) // -1", "too large" },
        { "a division by zero", "1 // 0", "zero" },
        { "a number that is too large", "99999999999999999999", "too large" },
        { "an import", "%{% import 'os' as os %}", "'import'" },
        { "a class of a class", "''.__class__.__mro__", "undefined" },
        { "a function that is not there", "cycler.__init__.__globals__", "undefined" },
        { "a list that is changed", "[1].append(2)", "called" },
        { "an unknown filter", "1 | attr('x')", "'attr'" },
        { "an unknown test", "1 is callable", "'is callable'" },
        { "power", "2 ** 100", "'**'" },
        { "a call with stars", "range(*[1])", "'*'" },
        { "an unclosed tag", "%a\n{{ 1", "line 2" },
        { "an unclosed comment", "%a\n\n{# 1", "line 3" },
        { "an unclosed text", "'a", "not closed" },
        { "an unclosed loop", "%{% for a in b %}", "'for' is not closed" },
        { "an end without a begin", "%{% endfor %}", "closes what was not opened" },
        { "a wrong end", "%{% if 1 %}{% endfor %}", "'endif'" },
        { "an escape beyond Unicode", "'\\UFFFFFFFF'", "hexadecimal" },
        { "a long name", Repeat("a", 500_000) + "()", "undefined" },
        { "many texts side by side", Repeat("'a'", 60_000) + " x", "not supported here" },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void It_is_refused_soon(string what, string template, string cause)
    {
        string text = template.StartsWith('%') ? template[1..] : $"{{{{ {template} }}}}";
        var clock = Stopwatch.StartNew();

        ModelLoadException error = Assert.Throws<ModelLoadException>(() => TemplateFixtures.Render(text));

        Assert.Contains(cause, error.Message, StringComparison.Ordinal);
        Assert.StartsWith("test.jinja, line ", error.Message, StringComparison.Ordinal);
        Assert.InRange(error.Message.Length, 1, 1100);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), $"{what} took {clock.Elapsed}");
    }

    [Fact]
    public void A_long_chain_of_operators_takes_no_stack()
    {
        Assert.Equal("50001", TemplateFixtures.Render($"{{{{ 1{Repeat(" + 1", 50_000)} }}}}"));
        Assert.Equal("x", TemplateFixtures.Render($"{{{{ 'x'{Repeat(" | trim", 50_000)} }}}}"));
        Assert.Equal("True", TemplateFixtures.Render($"{{{{ 1{Repeat(" == 1", 50_000)} }}}}"));
        Assert.Equal("1", TemplateFixtures.Render($"{{{{ 1{Repeat(" and 1", 50_000)} }}}}"));
        Assert.Equal("", TemplateFixtures.Render($"{{% if 0 %}}{Repeat("{% elif 0 %}", 40_000)}{{% endif %}}"));
    }

    [Fact]
    public void A_template_that_is_too_long_is_not_read() =>
        Assert.Contains("at most", Assert.Throws<ModelLoadException>(() => TemplateFixtures.Parse(Repeat("x", (1 << 20) + 1))).Message, StringComparison.Ordinal);

    [Fact]
    public void The_day_is_not_known_so_that_a_prompt_does_not_depend_on_it()
    {
        Assert.Equal("fixed", TemplateFixtures.Render("{{ strftime_now('%Y') if strftime_now is defined else 'fixed' }}"));
        Assert.Throws<ModelLoadException>(() => TemplateFixtures.Render("{{ strftime_now('%Y') }}"));
    }

    [Fact]
    public void A_generation_block_renders_as_if_it_were_not_there() =>
        Assert.Equal("a1b", TemplateFixtures.Render("a{% generation %}{{ 1 }}{% endgeneration %}b"));

    [Fact]
    public void Any_garbage_renders_or_is_refused_as_a_bad_template()
    {
        string[] pieces = ["{{", "}}", "{%", "%}", "{#", "#}", "-", "if", "for", "x", "in", "endif", "endfor", "set", "=", "'", "\"", "(", ")", "[", "]", "{", "}", "|", "trim", "1", ".", ",", ":", "\n", " ", "macro", "endmacro", "raw", "endraw", "is", "not", "defined", "range", "loop", "\\", "~", "*", "else", "elif", "\uD800"];
        Gen.Int[0, pieces.Length - 1].Select(index => pieces[index]).Array[0, 40].Sample(parts =>
        {
            foreach (string separator in new[] { "", " " })
            {
                try
                {
                    TemplateFixtures.Render(string.Join(separator, parts), new TemplateMap { ["x"] = PromptText.Untrusted("X") });
                }
                catch (ModelLoadException)
                {
                }
            }
        });
    }

    private static string Repeat(string text, int times) => string.Concat(Enumerable.Repeat(text, times));
}
