using System.Diagnostics;
using System.Text.Json;
using SafeVision.Conversion.Hub;
using SafeVision.Conversion.Tests.Hub;
using SafeVision.Policies;
using SafeVision.Tests;
using SafeVision.Tests.Documents;

namespace SafeVision.Cli.Tests.Converting;

/// <summary>From a hub to a verdict on a photograph, in processes of their own, told by the environment where the hub is.</summary>
public sealed class ModelsPullTests
{
    private const string Known = "AIML-TUDA/QwenGuard-v1.2-3B";
    private const string Token = "hf_very-secret";

    [Fact]
    public async Task A_known_guard_is_pulled_lists_itself_judges_a_photograph_is_verified_and_removed()
    {
        await using HubServer hub = Hub(Known);
        using var folder = new TemporaryFolder();
        string policy = folder.Write("policy.yaml", "policy: p\nversion: '1'\ncategories:\n  - id: Sexual\n  - id: Violence_Harm_Cruelty\n");

        CommandRun pulled = await RunAsync(hub, folder, "models", "pull", "qwenguard-3b", "--precision", "int8");

        Assert.True(pulled.ExitCode == 0, pulled.Error);
        Assert.Contains("qwenguard-3b: about 8.0 GB to fetch; licence NOASSERTION", pulled.Error, StringComparison.Ordinal);
        Assert.Contains($"qwenguard-3b: int8, ", pulled.Output, StringComparison.Ordinal);
        Assert.Contains($"{hub.Server.Address}{Known}/tree/{HubServer.Commit}; its self-test is fine.", pulled.Output, StringComparison.Ordinal);
        Assert.Contains("int8 against float32", pulled.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Token, pulled.Output + pulled.Error, StringComparison.Ordinal);
        Assert.Contains("Pulled:\n  qwenguard-3b: int8, ", (await RunAsync(hub, folder, "models", "list")).Output, StringComparison.Ordinal);
        Assert.Equal("protocol: llavaguard\n", await File.ReadAllTextAsync(folder.At("safevision", "models", "qwenguard-3b", "safevision-prompt.yaml"), TestContext.Current.CancellationToken));
        int requests = hub.Server.Requests.Count;

        CommandRun judged = await RunAsync(hub, folder, "check", Repository.PathOf("samples/images/coffee.png"), "--model", "qwenguard-3b", "--policy", policy, "--format", "json");

        Assert.True(judged.ExitCode is 0 or 2 or 3, judged.Error);
        JsonElement image = Assert.Single(judged.Json().EnumerateArray());
        Assert.False(image.TryGetProperty("failure", out _), judged.Output);
        Assert.Equal(["Sexual", "Violence_Harm_Cruelty"], image.GetProperty("findings").EnumerateArray().Select(finding => finding.GetProperty("category").GetString()));
        Assert.All(image.GetProperty("findings").EnumerateArray(), finding => Assert.InRange(finding.GetProperty("score").GetDouble(), 0, 1));
        Assert.Equal(requests, hub.Server.Requests.Count); // judging asks nobody

        CommandRun verified = await RunAsync(hub, folder, "models", "verify", Known);
        Assert.True(verified.ExitCode == 0, verified.Output + verified.Error);
        Assert.Contains("qwenguard-3b: files match their hashes; 2 golden inputs on cpu", verified.Output, StringComparison.Ordinal);
        string tokenizer = folder.At("safevision", "models", "qwenguard-3b", "tokenizer.json");
        await File.AppendAllTextAsync(tokenizer, " ", TestContext.Current.CancellationToken);
        Assert.Equal(1, (await RunAsync(hub, folder, "models", "verify", "qwenguard-3b")).ExitCode);

        Assert.Equal(0, (await RunAsync(hub, folder, "models", "remove", "qwenguard-3b", "--with-download")).ExitCode);
        Assert.Contains("No model was pulled.", (await RunAsync(hub, folder, "models", "list")).Output, StringComparison.Ordinal);
        CommandRun gone = await RunAsync(hub, folder, "check", Repository.PathOf("samples/images/coffee.png"), "--model", "qwenguard-3b");
        Assert.Equal((1, "'qwenguard-3b' was not pulled yet: safevision models pull qwenguard-3b\n"), (gone.ExitCode, gone.Error));
    }

    [Fact]
    public async Task A_gate_is_one_line_that_says_where_to_accept_the_terms_and_never_the_token()
    {
        await using HubServer hub = Hub("owner/name");
        using var folder = new TemporaryFolder();
        hub.Interfere = request => new LocalReply(403) { Headers = { ["X-Error-Code"] = "GatedRepo", ["X-Error-Message"] = Token } };

        CommandRun run = await RunAsync(hub, folder, "models", "pull", "owner/name");

        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains($"Accept the terms at {hub.Server.Address}owner/name", Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.DoesNotContain(Token, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_code_of_the_document_is_compiled_and_pulls()
    {
        await using HubServer hub = Hub(Known);
        using var folder = new TemporaryFolder();
        var options = new HubOptions { Endpoint = hub.Server.Address, Folder = folder.Path };
        SafetyPolicy policy = SafetyPolicy.Define("p", "1").Category(HarmCategory.Sexual).Build();

        #region code
        var store = new ModelStore(options);
        StoredModel model = await store.PullAsync("qwenguard-3b", precision: "int8");
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseVisionLanguageModel(model.Folder));
        #endregion

        Assert.Equal("vision-language", (await guardrail.WarmUpAsync(TestContext.Current.CancellationToken)).Models[0].Engine);
        Assert.Equal(DocumentCode.Compiled("tests/SafeVision.Cli.Tests/Converting/ModelsPullTests.cs"), DocumentCode.Shown("docs/pulling-a-model.md", "csharp"));
    }

    private static HubServer Hub(string repository) => new(repository, [Repository.PathOf("tests/SafeVision.Conversion.Tests/Fixtures/vlm/qwen2_5vl-tiny")]);

    private static async Task<CommandRun> RunAsync(HubServer hub, TemporaryFolder folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "SafeVision.Cli.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["HF_ENDPOINT"] = hub.Server.Address.AbsoluteUri, ["HF_HOME"] = folder.Path, ["HF_TOKEN"] = Token, ["HF_HUB_CACHE"] = "", ["HF_HUB_OFFLINE"] = "" },
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        int exitCode = await CommandProcess.EndAsync(process);
        return new CommandRun(exitCode, await output, await error);
    }
}
