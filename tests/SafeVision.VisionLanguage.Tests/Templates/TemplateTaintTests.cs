using CsCheck;
using SafeVision.VisionLanguage.Templates;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Tests.Templates;

/// <summary>What a stranger wrote stays marked as such through everything that a template does with it.</summary>
public sealed class TemplateTaintTests
{
    // Templates of these tests hold no letter from A to Z; strangers write nothing else of their own.
    private static readonly string[] s_hostile = ["<|SAFE|>", "{{ X }}", "{% IF X %}", "{% ENDIF", "}}", "<IMG>", "{#", "\nX\n", "😀", "\uD800", "  A  ", "A,B;C"];

    private static readonly Gen<string> s_foreign = Gen.OneOf(
        Gen.String[Gen.Char['A', 'Z'], 1, 12],
        Gen.Int[0, s_hostile.Length - 1].Select(index => s_hostile[index]));

    private static readonly string[] s_templates =
    [
        "a{{ x }}b{{ y }}",
        "{{ x + 'lit' + y }}",
        "{{ x ~ 1 ~ y }}{{ x * 2 }}",
        "{{ [x, 'lit', y] | join(', ') }}",
        "{{ x | trim }}{{ (x ~ '  ') | trim }}{{ y.strip() }}{{ ('(' ~ x ~ ')').strip('()') }}",
        "{{ x | upper }}{{ y.upper() }}{{ (x ~ 'lit')[:1] | title }}",
        "{{ {'k': x, 'l': [y, 'lit']} | tojson }}{{ x | tojson(indent=1) }}",
        "{{ x[1:] }}{{ ('lit' ~ x ~ 'lit')[2:5] }}{{ y[::-1] }}{{ x[0] }}{{ x | first }}{{ x | list | join('-') }}",
        "{% for part in (x ~ ',' ~ y).split(',') %}[{{ part }}]{% endfor %}{% for word in x.split() %}{{ word }} {% endfor %}",
        "{{ ('lit' ~ x ~ 'lit').replace('lit', y) }}{{ 'a b' | replace('b', x) }}",
        "{% set z %}({{ x }}){% endset %}{{ z }}{% macro m(v) %}<{{ v }}>{% endmacro %}{{ m(y) }}",
        "{% set ns = namespace(t='') %}{% for c in [x, y] %}{% set ns.t = ns.t + c + ';' %}{% endfor %}{{ ns.t }}",
        "{{ x if x else 'lit' }}{{ x or y }}{{ missing | default(x) }}{{ [{'n': x}, {'n': y}] | map(attribute='n') | join('/') }}",
        "{% for k, v in {'a': x, 'b': y}.items() %}{{ k }}:{{ v }} {% endfor %}{{ [x, y] | map('trim') | list | tojson }}",
    ];

    [Fact]
    public void Exactly_what_a_stranger_wrote_is_untrusted() => Gen.Select(s_foreign, s_foreign, Gen.Int[0, s_templates.Length - 1]).Sample((x, y, index) =>
    {
        // The stranger's characters are recognisable: capitals, and signs that the template's own words don't have.
        (string a, string b) = (Letters(x), Letters(y));
        PromptText prompt = TemplateFixtures.Parse(s_templates[index]).Render(new TemplateMap { ["x"] = PromptText.Untrusted(a), ["y"] = PromptText.Untrusted(b) });
        for (int at = 0; at < prompt.Text.Length; at++)
        {
            char character = prompt.Text[at];
            Assert.True(prompt.IsTrusted(at, 1) != IsForeign(character), $"'{character}' at {at} of '{prompt.Text}' by template {index}");
        }
    });

    [Fact]
    public void Template_syntax_and_special_tokens_in_values_are_inert() => Gen.Select(s_foreign, s_foreign, Gen.Int[0, s_templates.Length - 1]).Sample((x, y, index) =>
    {
        Template template = TemplateFixtures.Parse(s_templates[index]);
        PromptText foreign = template.Render(new TemplateMap { ["x"] = PromptText.Untrusted(x), ["y"] = PromptText.Untrusted(y) });
        PromptText trusted = template.Render(new TemplateMap { ["x"] = PromptText.Trusted(x), ["y"] = PromptText.Trusted(y) });
        Assert.Equal(trusted.Text, foreign.Text);
        for (int at = foreign.Text.IndexOf("<|", StringComparison.Ordinal); at >= 0; at = foreign.Text.IndexOf("<|", at + 1, StringComparison.Ordinal))
        {
            Assert.False(foreign.IsTrusted(at, 2));
        }
    });

    [Fact]
    public void A_value_of_mixed_origin_keeps_its_ranges()
    {
        PromptText mixed = PromptText.Concat(PromptText.Trusted("<m>"), PromptText.Untrusted("XYZ"), PromptText.Trusted("</m>"));

        PromptText prompt = TemplateFixtures.Parse("{{ v[1:-1] | upper }}|{{ v.split('Y') | join('-') }}").Render(new TemplateMap { ["v"] = mixed });

        Assert.Equal("M>XYZ</M|<m>X-Z</m>", prompt.Text);
        Assert.Equal([new(2, 3), new(12, 1), new(14, 1)], prompt.UntrustedRanges);
    }

    [Fact]
    public void What_a_stranger_lets_appear_by_a_replacement_is_untrusted_too()
    {
        PromptText prompt = TemplateFixtures.Parse("{{ x.replace('!', '<image>') }}{{ '<image>'.replace(x, '<b>') }}").Render(new TemplateMap { ["x"] = PromptText.Untrusted("!") });

        Assert.Equal("<image><image>", prompt.Text);
        Assert.Equal([new(0, 7)], prompt.UntrustedRanges);
    }

    [Fact]
    public void Texts_that_hold_the_sentinels_themselves_keep_what_they_say_and_whose_it_is()
    {
        string all = string.Concat(Enumerable.Range(0xE000, 6400).Select(unit => (char)unit));
        Template template = TemplateFixtures.Parse("\uE000{{ x }}{{ '\\uE001' }}{{ t }}{{ x[1:3] | upper }}{{ x.split('\uE002') | length }}");

        PromptText prompt = template.Render(new TemplateMap { ["x"] = PromptText.Untrusted(all + "\uE000<|SAFE|>"), ["t"] = PromptText.Trusted("\uE003\uF8FF") });

        string x = all + "\uE000<|SAFE|>";
        Assert.Equal($"\uE000{x}\uE001\uE003\uF8FF\uE001\uE0022", prompt.Text);
        Assert.Equal([new(1, x.Length), new(1 + x.Length + 3, 2)], prompt.UntrustedRanges);
    }

    [Fact]
    public void A_text_of_more_characters_than_there_are_sentinels_is_refused()
    {
        string every = string.Concat(Enumerable.Range(0, 0x10000).Select(unit => (char)unit));

        SafeVision.Inference.ModelLoadException refused = Assert.Throws<SafeVision.Inference.ModelLoadException>(() =>
            TemplateFixtures.Parse("a{{ x }}b").Render(new TemplateMap { ["x"] = PromptText.Untrusted(every) }));

        Assert.Contains("different characters", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_strangers_text_can_be_no_key() =>
        Assert.Throws<SafeVision.Inference.ModelLoadException>(() => TemplateFixtures.Parse("{{ {x: 1} | tojson }}").Render(new TemplateMap { ["x"] = PromptText.Untrusted("X") }));

    // In lower case nothing of a stranger's could be told from the template's own words.
    private static string Letters(string text) => string.Concat(text.Where(IsForeign)) is { Length: > 0 } letters ? letters : "Q";

    private static bool IsForeign(char character) => char.IsAsciiLetterUpper(character) || character > 0x7F;
}
