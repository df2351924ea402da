using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using SafeVision.Policies;
using SafeVision.Tests;
using SafeVision.Tests.Documents;

namespace SafeVision.Cli.Tests.Documents;

/// <summary>The code of docs/getting-started.md.</summary>
public sealed class GettingStartedTests
{
    private static readonly string s_policyFile = Repository.PathOf("samples/policies/no-cats.yaml");

    [Fact]
    public void The_document_shows_code_that_compiles() => Assert.Equal(
        DocumentCode.Compiled("tests/SafeVision.Cli.Tests/Documents/GettingStartedTests.cs"),
        DocumentCode.Shown("docs/getting-started.md", "csharp"));

    [Fact]
    public async Task The_code_does_what_the_document_says()
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        string policyFile = s_policyFile;
        string upload = Repository.PathOf("samples/images/chelsea.png");
        #region check
        SafetyPolicy policy = SafetyPolicy.FromFile(policyFile);
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseDefaultModels());
        GuardrailResult result = await guardrail.CheckAsync(ImageSource.FromFile(upload), cancellationToken);
        #endregion

        var lines = new List<string>();
        Action<string> print = lines.Add;
        #region read
        string answer = result.Decision switch
        {
            Decision.Allow => "Published.",
            Decision.Review => "A moderator will look at it.",
            _ => "Not accepted.",
        };
        print($"{answer} {result.Explanation}");
        foreach (Finding finding in result.Findings.Where(finding => finding.Verdict != Verdict.Safe))
        {
            print($"{finding.Category}: {finding.Verdict}, {finding.Score:0.00} of {finding.Threshold:0.00}. {finding.Reason}");
        }

        string audit = JsonSerializer.Serialize(result, GuardrailJson.Default.GuardrailResult);
        #endregion
        Assert.StartsWith("Not accepted. Blocked: Cats scores", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("cats: Unsafe, ", lines[1], StringComparison.Ordinal);
        Assert.Equal("block", JsonElement.Parse(audit).GetProperty("decision").GetString());

        string[] files = [upload, Repository.PathOf("samples/images/coffee.png")];
        lines.Clear();
        #region many
        IAsyncEnumerable<ImageSource> images = files.Select(ImageSource.FromFile).ToAsyncEnumerable();
        await foreach (GuardrailResult each in guardrail.CheckManyAsync(images, cancellationToken))
        {
            print($"{each.Decision}: {each.Explanation}");
        }
        #endregion
        Assert.Collection(
            lines,
            line => Assert.StartsWith("Block: ", line, StringComparison.Ordinal),
            line => Assert.StartsWith("Allow: ", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_host_gets_its_guardrail_by_injection()
    {
        string policyFile = s_policyFile;
        var services = new ServiceCollection();
        services.AddLogging();
        #region host
        services.AddSafeVision(guardrail => guardrail
            .UsePolicyFile(policyFile)
            .UseDefaultModels()
            .PreferExecutionProviders(ExecutionProvider.Cuda, ExecutionProvider.DirectML, ExecutionProvider.Cpu));
        #endregion
        services.AddSingleton<Uploads>();
        await using ServiceProvider provider = services.BuildServiceProvider();

        Assert.Equal("no-cats", provider.GetRequiredService<Uploads>().Policy);
    }

    #region inject
    public sealed class Uploads(IImageGuardrail guardrail)
    {
        public string Policy => guardrail.Status.Policy.Name;

        public async Task<bool> AcceptsAsync(Stream upload, CancellationToken cancellationToken) =>
            (await guardrail.CheckAsync(ImageSource.FromStream(upload), cancellationToken)).Decision == Decision.Allow;
    }
    #endregion
}
