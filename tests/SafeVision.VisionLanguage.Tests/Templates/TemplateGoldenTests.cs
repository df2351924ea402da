using System.Text.Json;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Tests.Templates;

/// <summary>Held to Jinja2 as transformers sets it up; Fixtures/templates/make.py rendered the goldens.</summary>
public sealed class TemplateGoldenTests
{
    private static readonly JsonElement s_cases = JsonDocument.Parse(File.ReadAllBytes("Fixtures/templates/goldens.json")).RootElement.GetProperty("cases");

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, s_cases.GetArrayLength())];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_template_renders_as_in_the_reference(int index)
    {
        JsonElement golden = s_cases[index];
        string template = golden.GetProperty("template").GetString()!;
        JsonElement variables = golden.GetProperty("variables");

        PromptText trusted = TemplateFixtures.Parse(template).Render(TemplateFixtures.Map(variables, PromptText.Trusted));
        PromptText foreign = TemplateFixtures.Parse(template).Render(TemplateFixtures.Map(variables, PromptText.Untrusted));

        Assert.Equal(golden.GetProperty("expected").GetString(), trusted.Text);
        Assert.Empty(trusted.UntrustedRanges);
        Assert.Equal(trusted.Text, foreign.Text);
    }
}
