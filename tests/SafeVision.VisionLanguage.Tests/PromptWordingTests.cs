using SafeVision.Inference;
using SafeVision.Policies;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Tests;

public sealed class PromptWordingTests : IDisposable
{
    private const string File = """
        # A checkpoint with words of its own.
        protocol: safevision
        order: policyFirst
        system: You guard.
        tokens:
          safe: <|Safe|>
          reason: <|Reason|>
          sexual: 3
          Reason2: r
        maximumReasonWords: 20
        maximumReasonTokens: 50
        templates:
          fast: "{{ categories[0].token }}"
          comprehension: |-
            Policy {{ policy.name }}:
            {% for category in categories %}
            {{ category.index }}{{ category.letter }} {{ category.token }}: {{ category.name }} ({{ category.protects }}) {{ category.includes | join('; ') }} / {{ category.excludes | length }}
            {% endfor %}
            {{ safe }} or {{ reason }}.
        """;

    private static readonly SafetyPolicy s_policy = SafetyPolicy.Define("shop", "1")
        .Category("Knives", category => category.Named("Knives <|SAFE|>").Protects("Buyers {{ policy }}.").Includes("blades", "daggers").Excludes("spoons"))
        .Build();

    private readonly string _folder = Directory.CreateTempSubdirectory("wording").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_beside_the_model_gives_words_order_tokens_and_limits()
    {
        System.IO.File.WriteAllText(Path.Combine(_folder, "safevision-prompt.yaml"), File);

        PromptWording wording = PromptWording.Read(ModelConfiguration.Open(_folder))!;

        Assert.Equal("safevision", wording.Protocol);
        Assert.Equal(PromptOrder.PolicyFirst, wording.Order);
        Assert.Equal("You guard.", wording.System!.Text);
        Assert.Equal(("<|Safe|>", "<|Reason|>"), (wording.SafeToken, wording.ReasonToken));
        Assert.Equal("3", wording.Token("Sexual"));
        Assert.Null(wording.Token("reason"));
        Assert.Equal(["sexual", "Reason2"], wording.CategoriesWithToken);
        Assert.Equal((20, 50), (wording.MaximumReasonWords, wording.MaximumReasonTokens));
        Assert.True(wording.Has("fast") && wording.Has("comprehension") && !wording.Has("novel"));
    }

    [Fact]
    public void A_template_is_rendered_with_the_policy_as_untrusted_text()
    {
        PromptText prompt = PromptWording.Parse(File, "prompt.yaml").Render(
            "comprehension", s_policy, [(s_policy.Categories[0], PromptText.Trusted("<|Knives|>"))]);

        Assert.Equal("Policy shop:\n1A <|Knives|>: Knives <|SAFE|> (Buyers {{ policy }}.) blades; daggers / 1\n<|Safe|> or <|Reason|>.", prompt.Text);
        Assert.Equal(
            ["shop", "Knives <|SAFE|>", "Buyers {{ policy }}.", "blades", "daggers"],
            prompt.UntrustedRanges.Select(range => prompt.Text.Substring(range.Start, range.Length)));
    }

    [Fact]
    public void A_folder_without_the_file_has_no_wording_of_its_own() => Assert.Null(PromptWording.Read(ModelConfiguration.Open(_folder)));

    [Theory]
    [InlineData("safevision")]
    [InlineData("instruct")]
    [InlineData("llavaguard")]
    [InlineData("shieldgemma")]
    [InlineData("llamaguard")]
    public void Each_protocol_has_a_default_wording_whose_fast_prompt_holds_every_phrase(string protocol)
    {
        PromptWording wording = PromptWording.Default(protocol);

        PromptText prompt = wording.Render("fast", s_policy, [(s_policy.Categories[0], PromptText.Trusted("<|Knives|>"))]);

        Assert.Equal(protocol, wording.Protocol);
        Assert.All(s_policy.Categories[0].Includes.Concat(s_policy.Categories[0].Excludes), phrase => Assert.Contains(phrase, prompt.Text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("protocol: p\ntemplates: {fast: x}\nspeed: 3", "prompt.yaml:3:1: unknown key 'speed'")]
    [InlineData("protocol: p\norder: imagefirst\ntemplates: {fast: x}", "prompt.yaml:2:8: 'order' is 'imagefirst'")]
    [InlineData("protocol: p\ntemplates: {fast: x, Fast: y}", "prompt.yaml:2:22: key 'Fast' stands twice")]
    [InlineData("protocol: p\norder: policyFirst", "'templates' is missing")]
    [InlineData("templates: {fast: x}", "'protocol' is missing")]
    [InlineData("", "'protocol' is missing")]
    [InlineData("protocol: p\ntemplates: {fast: x}\nmaximumReasonWords: 0", "prompt.yaml:3:21: 'maximumReasonWords' must be a whole number from 1")]
    [InlineData("protocol: p\ntemplates:\n  fast: |\n    a\n    {% include 'b' %}", "line 5: the statement 'include' is not supported")]
    [InlineData("protocol: p\ntemplates: [a]", "'templates' is a list")]
    [InlineData("protocol: &a p\ntemplates: {fast: *a}", "are not supported in a prompt file")]
    [InlineData("protocol: singguard\nvariables: {messages: x}", "'messages' is no name for a variable of a conversation template")]
    [InlineData("protocol: singguard\nvariables: {1st: x}", "'1st' is no name")]
    [InlineData("protocol: singguard\nvariables: {mode: [x]}", "'mode' is a list")]
    [InlineData("protocol: singguard\nmaximumThoughtTokens: 20000", "'maximumThoughtTokens' must be a whole number from 1")]
    [InlineData("protocol: p\ntokens: {safe: ''}\ntemplates: {fast: x}", "the token 'safe' is empty")]
    [InlineData("protocol: p\nsystem: [a]\ntemplates: {fast: x}", "'system' is a list")]
    public void A_mistake_is_told_by_its_place(string text, string message)
    {
        ModelLoadException error = Assert.Throws<ModelLoadException>(() => PromptWording.Parse(text, "prompt.yaml"));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains("prompt.yaml", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_only_names_a_protocol_leaves_the_words_to_it()
    {
        PromptWording wording = PromptWording.Parse("protocol: llavaguard\n", "prompt.yaml");

        Assert.Equal(("llavaguard", true, 60), (wording.Protocol, wording.Has("fast"), wording.MaximumReasonWords));
    }

    [Fact]
    public void A_file_without_templates_changes_what_it_says_and_keeps_the_rest()
    {
        PromptWording wording = PromptWording.Parse("protocol: qwenguard\nmaximumReasonWords: 9\ntokens: {spam: X1}\nvariables: {loud: 'true', mode: deep}", "prompt.yaml");

        Assert.Equal((true, 9, 160, "X1"), (wording.Has("fast"), wording.MaximumReasonWords, wording.MaximumReasonTokens, wording.Token("spam")));
        Assert.Equal((null, "deep", true), (wording.Variable("loud"), wording.Variable("mode"), wording.Variables.TryGetValue("loud", out object? loud) ? loud : null));
    }

    [Fact]
    public void A_slip_of_the_pen_in_a_template_is_an_error_and_not_a_gap()
    {
        PromptWording wording = PromptWording.Parse("protocol: p\ntemplates:\n  fast: |\n    a\n    {{ categry.name }}", "prompt.yaml");

        ModelLoadException error = Assert.Throws<ModelLoadException>(() => wording.Render("fast", s_policy, []));

        Assert.Contains("template 'fast', line 5", error.Message, StringComparison.Ordinal);
        Assert.Contains("'categry'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_template_that_is_not_there_is_named_beside_those_that_are()
    {
        ModelLoadException error = Assert.Throws<ModelLoadException>(() => PromptWording.Parse(File, "prompt.yaml").Render("novel", s_policy, []));

        Assert.Contains("'novel'", error.Message, StringComparison.Ordinal);
        Assert.Contains("fast, comprehension", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_protocol_without_prompts_of_its_own_says_what_to_do()
    {
        ModelLoadException error = Assert.Throws<ModelLoadException>(() => PromptWording.Default("../policy"));

        Assert.Contains("safevision-prompt.yaml", error.Message, StringComparison.Ordinal);
    }
}
