using System.Text.Json;
using SafeVision.Tests;

namespace SafeVision.Cli.Tests;

/// <summary>A vision-language model on the command line. The model is tiny and its weights are random: what it says means nothing.</summary>
public sealed class CheckModelTests : IDisposable
{
    private static readonly string s_model = Repository.PathOf("tests/SafeVision.VisionLanguage.Tests/Fixtures/vlm/onnx/internvl-llama");
    private static readonly string s_picture = Repository.PathOf("tests/SafeVision.VisionLanguage.Tests/Fixtures/vlm/preprocess/images/text-1200x200.png");
    private static readonly string s_coffee = Repository.PathOf("samples/images/coffee.png");

    private readonly TemporaryFolder _folder = new();
    private readonly string _policy;

    public CheckModelTests() => _policy = _folder.Write("policy.yaml", """
        policy: kitchen
        version: "1"
        defaults: { review: 0.000001, block: 0.9 } # any doubt is worth a reason
        categories:
          - { id: teapots, name: Teapots, protects: Nobody should see a pot., includes: [teapots], excludes: [cups] }
          - { id: kettles, name: Kettles, includes: [kettles] }
        """);

    [Fact]
    public async Task Json_has_the_reason_the_probability_the_margin_and_how_many_tokens_were_computed_before()
    {
        CommandRun run = await CommandRun.OfAsync("check", s_picture, s_coffee, "--model", s_model, "--policy", _policy, "--format", "json");

        Assert.InRange(run.ExitCode, 2, 3);
        JsonElement[] images = [.. run.Json().EnumerateArray()];
        Assert.Equal(2, images.Length);
        Assert.All(images, image =>
        {
            Assert.False(image.TryGetProperty("failure", out _));
            JsonElement[] findings = [.. image.GetProperty("findings").EnumerateArray()];
            Assert.Equal(["teapots", "kettles"], findings.Select(finding => finding.GetProperty("category").GetString()));
            Assert.All(findings, finding => Assert.InRange(finding.GetProperty("evidence").GetProperty("probability").GetDouble(), 0, 1));
            Assert.All(findings, finding => Assert.InRange(finding.GetProperty("evidence").GetProperty("margin").GetDouble(), -1, 1));
            JsonElement provenance = image.GetProperty("provenance");
            Assert.All(provenance.GetProperty("models").EnumerateArray(), model => Assert.Equal("vision-language", model.GetProperty("engine").GetString()));
            JsonElement tokens = provenance.GetProperty("tokens");
            Assert.InRange(tokens.GetProperty("reused").GetInt32(), 0, tokens.GetProperty("prompt").GetInt32());
            Assert.True(tokens.GetProperty("written").GetInt32() > 0);
        });
        string words = Assert.Single(images[0].GetProperty("findings").EnumerateArray(), finding => finding.GetProperty("evidence").TryGetProperty("words", out _))
            .GetProperty("evidence").GetProperty("words").GetString()!;
        Assert.NotEmpty(words);
    }

    [Fact]
    public async Task Fast_mode_writes_nothing()
    {
        CommandRun run = await CommandRun.OfAsync("check", s_picture, "--model", s_model, "--mode", "fast", "--policy", _policy, "--format", "json");

        JsonElement fast = run.Json()[0];
        Assert.Equal(0, fast.GetProperty("provenance").GetProperty("tokens").GetProperty("written").GetInt32());
        Assert.All(fast.GetProperty("findings").EnumerateArray(), finding => Assert.False(finding.GetProperty("evidence").TryGetProperty("words", out _)));
    }

    [Fact]
    public async Task The_table_tells_what_the_model_gave_and_the_tokens_within_eighty_columns()
    {
        CommandRun run = await CommandRun.OfAsync("check", s_picture, s_coffee, "--model", s_model, "--mode", "fast", "--policy", _policy);

        Assert.InRange(run.ExitCode, 2, 3);
        Assert.All(run.Output.Split('\n', StringSplitOptions.TrimEntries), line => Assert.InRange(line.Length, 0, 80));
        string words = string.Join(' ', run.Output.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries));
        Assert.Matches(@"Probability \d\.\d{3}, margin [+-]?\d\.\d{3}\.", words);
        Assert.Matches(@"The prompts had \d+ tokens, \d+ of them \(\d+ %\) computed before; the answers 0\.", words);
    }

    [Fact]
    public async Task With_the_default_models_the_model_is_asked_only_about_what_they_leave_open()
    {
        string policy = _folder.Write("political.yaml", "policy: p\nversion: '1'\ncategories:\n  - id: cats\n    includes: [cats]\n  - id: Political\n");

        CommandRun run = await CommandRun.OfAsync("check", s_coffee, "--model", s_model, "--mode", "fast", "--with-default-models", "--policy", policy, "--format", "ndjson");

        JsonElement image = Assert.Single(run.Lines());
        string[] engines = [.. image.GetProperty("provenance").GetProperty("models").EnumerateArray().Select(model => model.GetProperty("engine").GetString()!)];
        Assert.Equal("classifier", engines[0]);
        Assert.Equal("vision-language", engines[^1]);
        Assert.False(image.GetProperty("findings")[0].GetProperty("evidence").TryGetProperty("margin", out _));
        Assert.True(image.GetProperty("findings")[1].GetProperty("evidence").TryGetProperty("margin", out _));
    }

    [Fact]
    public async Task A_heat_map_is_made_by_covering_nine_cells()
    {
        CommandRun run = await CommandRun.OfAsync(
            "check", s_picture, "--model", s_model, "--mode", "fast", "--policy", _policy, "--heatmap", _folder.At("heat"), "--format", "ndjson");

        JsonElement image = Assert.Single(run.Lines());
        JsonElement map = Assert.Single(
            image.GetProperty("findings").EnumerateArray(), finding => finding.GetProperty("evidence").GetProperty("heatMap").ValueKind == JsonValueKind.Object)
            .GetProperty("evidence").GetProperty("heatMap");
        Assert.Equal("occlusion", map.GetProperty("method").GetString());
        Assert.Equal(9, map.GetProperty("values").GetArrayLength());
        Assert.True(File.Exists(image.GetProperty("heatMap").GetString()));
    }

    [Fact]
    public async Task The_prompt_is_shown_without_an_image()
    {
        CommandRun run = await CommandRun.OfAsync("check", "--show-prompt", "--model", s_model, "--mode", "fast", "--policy", _policy);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        foreach (string word in new[] { "Teapots", "Nobody should see a pot.", "cups", "Kettles", "<IMG_CONTEXT>" })
        {
            Assert.Contains(word, run.Output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("llavaguard", "O3: Sexual Content")]
    [InlineData("shieldgemma", "--- prompt 2 of 2 ---")]
    public async Task Another_protocol_asks_in_its_own_words(string protocol, string words)
    {
        string policy = _folder.Write("sexual.yaml", "policy: p\nversion: '1'\ncategories:\n  - id: Sexual\n  - { id: teapots, includes: [teapots] }\n");

        CommandRun run = await CommandRun.OfAsync("check", "--show-prompt", "--model", s_model, "--protocol", protocol, "--policy", policy);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains(words, run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_is_no_model_or_lacks_what_was_asked_for_is_one_clear_line()
    {
        string empty = Directory.CreateDirectory(_folder.At("empty")).FullName;
        (string[] Arguments, string[] Said)[] cases =
        [
            (["--model", _folder.At("nowhere")], [_folder.At("nowhere")]),
            (["--model", empty], [empty, "config.json"]),
            (["--model", s_model, "--precision", "q4"], ["q4"]),
            (["--model", s_model, "--protocol", "oracle"], ["oracle", "shieldgemma"]),
        ];
        foreach ((string[] arguments, string[] said) in cases)
        {
            CommandRun run = await CommandRun.OfAsync(["check", s_picture, "--policy", _policy, "--format", "json", .. arguments]);

            Assert.Equal((1, ""), (run.ExitCode, run.Output));
            Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
            Assert.All(said, word => Assert.Contains(word, run.Error, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("--model", "--mode", "fast")]
    [InlineData("--model", "--max-tiles", "2")]
    [InlineData("--model", "--with-default-models")]
    [InlineData("--model", "--show-prompt")]
    [InlineData("no category of the policy", "--show-prompt", "--model", "internvl-llama", "--protocol", "llavaguard")]
    [InlineData("1 to 64", "--model", "x", "--max-tiles", "65")]
    [InlineData("1 to 64", "--model", "x", "--max-tiles", "two")]
    [InlineData("1 to 86400", "--timeout", "0")]
    public async Task An_option_that_cannot_be_meant_is_an_error(string said, params string[] arguments)
    {
        CommandRun run = await CommandRun.OfAsync(["check", s_picture, "--policy", _policy, .. arguments.Select(argument => argument == "internvl-llama" ? s_model : argument)]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_without_an_image_is_an_error()
    {
        CommandRun run = await CommandRun.OfAsync("check", "--policy", _policy);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Which images?", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Models_tells_the_files_of_a_model_and_what_it_can_be_asked_about()
    {
        CommandRun files = await CommandRun.OfAsync("models", "--model", s_model);
        CommandRun coverage = await CommandRun.OfAsync("models", "--model", s_model, "--coverage");

        Assert.Equal((0, 0), (files.ExitCode, coverage.ExitCode));
        Assert.Equal(3, files.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(s_model, "onnx", "vision_encoder.onnx")))), files.Output, StringComparison.Ordinal);
        Assert.Contains("### Sexual: full", coverage.Output, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
