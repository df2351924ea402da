using System.Reflection;
using System.Text.RegularExpressions;
using SafeVision.Assessments;
using SafeVision.Policies;
using SafeVision.Tests.Documents;
using SafeVision.Tests.Fakes;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Tests.Generation;

namespace SafeVision.VisionLanguage.Tests.Documents;

/// <summary>The code, the prompt file and the names of docs/vision-language-models.md.</summary>
public sealed class VisionLanguageModelsTests
{
    private const string Document = "docs/vision-language-models.md";

    private static string Text => Repository.Read(Document);

    [Fact]
    public void The_document_shows_code_that_compiles() => Assert.Equal(
        DocumentCode.Compiled("tests/SafeVision.VisionLanguage.Tests/Documents/VisionLanguageModelsTests.cs"), DocumentCode.Shown(Document, "csharp"));

    [Fact]
    public async Task The_code_of_the_document_does_what_it_says()
    {
        using var folder = new TemporaryFolder();
        string policyFile = folder.Write("policy.yaml", """
            policy: kitchen
            version: "1"
            defaults: { review: 0.000001, block: 0.9 }
            categories: [{ id: teapots, name: Teapots, includes: [teapots], excludes: [cups] }, { id: kettles, includes: [kettles] }]
            """);
        var printed = new List<string>();

        await JudgeAsync(policyFile, GoldenText.Folder("llama"), Photos.PathOf("coffee.png"), printed.Add, TestContext.Current.CancellationToken);

        Assert.Contains("classifier vision-language", printed);
        Assert.Contains(printed, line => line.Contains("teapots", StringComparison.Ordinal) && line.Contains("<IMG_CONTEXT>", StringComparison.Ordinal));
        Assert.Contains(printed, line => line.StartsWith("teapots: Full", StringComparison.Ordinal));
        Assert.Contains(printed, line => Regex.IsMatch(line, "^(Allow|Review|Block): "));
        Assert.Contains(printed, line => Regex.IsMatch(line, @"^kettles: probability \d"));
        Assert.Contains(printed, line => Regex.IsMatch(line, @"^\d+ of \d+ tokens were computed before\.$"));
    }

    [Fact]
    public void The_prompt_file_of_the_document_is_valid_and_renders_a_policy()
    {
        string yaml = Assert.Single(DocumentCode.Shown(Document, "yaml"));
        PromptWording wording = PromptWording.Parse(yaml, "the document");
        SafetyPolicy policy = SafetyPolicy.Define("kitchen", "1").Category("teapots", category => category.Includes("brown pots").Excludes("cups")).Build();

        string prompt = wording.Render("fast", policy, [.. policy.Categories.Select(category => (category, SafeVision.VisionLanguage.Tokenizers.PromptText.Trusted("<|teapots|>")))]).Text;

        Assert.Equal("instruct", wording.Protocol);
        Assert.Contains("brown pots", prompt, StringComparison.Ordinal);
        Assert.Contains("cups", prompt, StringComparison.Ordinal);
    }

    [Fact]
    public void The_document_names_every_option_with_its_default()
    {
        var defaults = new VisionLanguageEngineOptions();
        Assert.All(typeof(VisionLanguageEngineOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance), option =>
            Assert.Contains($"| `{option.Name}` | {(option.GetValue(defaults) is { } value ? $"`{value}`" : "null")} |", Text, StringComparison.Ordinal));
    }

    [Fact]
    public void The_document_names_every_family_protocol_and_key_of_a_prompt_file()
    {
        IEnumerable<string> words =
        [
            .. VisionLanguageFamily.All.SelectMany(family => family.ModelTypes),
            .. Directory.GetFiles(Repository.PathOf("src/SafeVision.VisionLanguage/Prompts"), "*.yaml").Select(file => Path.GetFileNameWithoutExtension(file)),
            "protocol", "order", "system", "templates", "tokens", "maximumReasonWords", "maximumReasonTokens", "maximumThoughtTokens", "variables",
            "policy.name", "policy.version", "categories", "id", "name", "token", "protects", "includes", "excludes", "index", "letter", "safe", "reason",
            PromptWording.FileName,
        ];
        Assert.All(words, word => Assert.Contains($"`{word}`", Text, StringComparison.Ordinal));
    }

    private static async Task JudgeAsync(string policyFile, string model, string image, Action<string> print, CancellationToken cancellationToken)
    {
        #region open
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
            .UsePolicyFile(policyFile)
            .UseVisionLanguageModel(model, options => options.Mode = VisionLanguageMode.Comprehension)
            .WithTimeout(TimeSpan.FromMinutes(2)));
        #endregion

        Action<ImageGuardrailBuilder> both = builder =>
        {
            #region behind
            builder.UseDefaultModels().UseVisionLanguageModel(model, options =>
            {
                options.Mode = VisionLanguageMode.Fast;
                options.MaximumTiles = 4;
            });
            #endregion
        };
        await using IImageGuardrail cascade = ImageGuardrail.Create(builder => both(builder.UsePolicyFile(policyFile)));
        print(string.Join(" ", (await cascade.WarmUpAsync(cancellationToken)).Models.Select(file => file.Engine).Distinct()));

        #region prompts
        GuardrailStatus status = await guardrail.WarmUpAsync(cancellationToken);
        foreach (string prompt in status.Prompts)
        {
            print(prompt);
        }

        foreach (CategoryCoverage coverage in status.Coverage)
        {
            print($"{coverage.CategoryId}: {coverage.Level}. Not read by the model: {string.Join("; ", coverage.Uncovered)}");
        }
        #endregion

        #region evidence
        GuardrailResult again = await guardrail.CheckAsync(ImageSource.FromFile(image), cancellationToken);
        foreach (Finding finding in again.Findings)
        {
            print($"{finding.Category}: probability {finding.Evidence.Probability}, margin {finding.Evidence.Margin}. {finding.Evidence.Words}");
        }

        if (again.Provenance.Tokens is { } tokens)
        {
            print($"{tokens.Reused} of {tokens.Prompt} tokens were computed before.");
        }
        #endregion

        #region stream
        await foreach (GuardrailUpdate update in guardrail.CheckStreamingAsync(ImageSource.FromFile(image), cancellationToken))
        {
            if (update.Reason is { } piece)
            {
                print(piece);
            }

            if (update.Result is { } result)
            {
                print($"{result.Decision}: {result.Explanation}");
            }
        }
        #endregion
    }
}
