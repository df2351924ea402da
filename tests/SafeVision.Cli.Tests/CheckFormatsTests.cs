using System.Text.Json;
using SafeVision.Cli.Output;
using SafeVision.Policies;
using SafeVision.Tests;
using Spectre.Console;

namespace SafeVision.Cli.Tests;

/// <summary>What scripts rely on: names, types and order of the output, and the exit code.</summary>
public sealed class CheckFormatsTests
{
    private static readonly string s_cat = Repository.PathOf("samples/images/chelsea.png");
    private static readonly string s_coffee = Repository.PathOf("samples/images/coffee.png");
    private static readonly string s_noCats = Repository.PathOf("samples/policies/no-cats.yaml");

    [Fact]
    public async Task The_samples_are_allowed_by_the_starter_policy()
    {
        CommandRun run = await CommandRun.OfAsync("check", Repository.PathOf("samples/images"), "--format", "json");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(
            ["astronaut.png", "camera.png", "chelsea.png", "china.jpg", "coffee.png", "flower.jpg", "rocket.jpg"],
            run.Json().EnumerateArray().Select(image => Path.GetFileName(image.GetProperty("path").GetString())));
        Assert.All(run.Json().EnumerateArray(), image => Assert.Equal("allow", image.GetProperty("decision").GetString()));
        Assert.Equal("1 file is no image and was not checked.", run.Error.Trim());
    }

    [Fact]
    public async Task Json_is_one_array_whose_elements_have_the_promised_shape()
    {
        using var folder = new TemporaryFolder();
        string broken = folder.Write("broken.png", "no image");

        CommandRun run = await CommandRun.OfAsync("check", s_coffee, s_cat, broken, "--policy", s_noCats, "--format", "json");

        Assert.Equal(3, run.ExitCode);
        JsonElement[] images = [.. run.Json().EnumerateArray()];
        Assert.Equal([s_coffee, s_cat, broken], images.Select(image => image.GetProperty("path").GetString()));
        Assert.Equal(["allow", "block", "block"], images.Select(image => image.GetProperty("decision").GetString()));

        Assert.Equal(["path", "decision", "explanation", "findings", "provenance"], NamesOf(images[1]));
        JsonElement finding = Assert.Single(images[1].GetProperty("findings").EnumerateArray());
        Assert.Equal("cats", finding.GetProperty("category").GetString());
        Assert.InRange(finding.GetProperty("score").GetDouble(), 0.8, 1);
        Assert.Equal("unsafe", finding.GetProperty("verdict").GetString());
        Assert.Equal(0.8, finding.GetProperty("threshold").GetDouble());
        Assert.Contains("cat", finding.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Contains(finding.GetProperty("evidence").GetProperty("labels").EnumerateArray(), label => label.GetProperty("phrase").GetString() == "cats");
        Assert.Equal(49, finding.GetProperty("evidence").GetProperty("heatMap").GetProperty("values").GetArrayLength());
        JsonElement provenance = images[1].GetProperty("provenance");
        Assert.Equal("no-cats", provenance.GetProperty("policy").GetString());
        Assert.Equal(64, provenance.GetProperty("policyHash").GetString()!.Length);
        Assert.Equal(["efficientnet-lite0", "drawn-symbols", "taxonomy"], provenance.GetProperty("models").EnumerateArray().Select(model => model.GetProperty("model").GetString()));
        Assert.All(provenance.GetProperty("models").EnumerateArray(), model => Assert.Equal("cpu", model.GetProperty("provider").GetString()));
        Assert.True(provenance.GetProperty("durations").GetProperty("totalMilliseconds").GetDouble() > 0);

        Assert.Equal("safe", images[0].GetProperty("findings")[0].GetProperty("verdict").GetString());

        Assert.Equal(["path", "decision", "explanation", "findings", "failure", "provenance"], NamesOf(images[2]));
        Assert.Equal(["reason", "message"], NamesOf(images[2].GetProperty("failure")));
        Assert.Equal("unsupported", images[2].GetProperty("failure").GetProperty("reason").GetString());
        Assert.Empty(images[2].GetProperty("findings").EnumerateArray());
    }

    [Fact]
    public async Task Ndjson_is_one_object_a_line_and_what_was_not_assessed_has_no_score()
    {
        using var folder = new TemporaryFolder();
        string policy = folder.Write("p.yaml", "policy: p\nversion: '1'\nonFailure: review\ncategories: [{ id: Political }]\n");

        CommandRun run = await CommandRun.OfAsync("check", s_coffee, s_cat, folder.Write("x.jpg", ""), "--policy", policy, "--format", "ndjson");

        Assert.Equal(2, run.ExitCode);
        JsonElement[] images = run.Lines();
        Assert.Equal(3, images.Length);
        JsonElement finding = images[0].GetProperty("findings")[0];
        Assert.Equal(JsonValueKind.Null, finding.GetProperty("score").ValueKind);
        Assert.Equal("notAssessed", finding.GetProperty("verdict").GetString());
        Assert.All(images, image => Assert.Equal("review", image.GetProperty("decision").GetString()));
    }

    [Fact]
    public async Task The_table_says_what_and_why_within_eighty_columns_and_without_colours()
    {
        CommandRun run = await CommandRun.OfAsync("check", s_coffee, s_cat, "--policy", s_noCats);

        Assert.Equal(3, run.ExitCode);
        string[] lines = run.Output.Split('\n', StringSplitOptions.TrimEntries);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 80));
        Assert.Contains(lines, line => line.StartsWith("coffee.png   allow", StringComparison.Ordinal));
        Assert.Contains(lines, line => System.Text.RegularExpressions.Regex.IsMatch(line, @"^chelsea\.png  block      [01]\.\d\d  cats: Looks like"));
        Assert.Contains("2 images: 1 allow, 0 review, 1 block.", lines);
        Assert.DoesNotContain('\u001b', run.Output);
        Assert.Empty(run.Error);
    }

    [Fact]
    public async Task Names_stay_whole_on_a_narrow_terminal_and_what_no_model_covers_is_said_once()
    {
        using var folder = new TemporaryFolder();
        string name = $"a-{new string('n', 60)}.png";
        folder.Photo("coffee.png", name);
        folder.Photo("rocket.jpg", "rocket.jpg");
        string policy = folder.Write("p.yaml", "policy: p\nversion: '1'\ncategories: [{ id: Political }, { id: Hate_Humiliation_Harassment }]\n");
        SafetyPolicy read = SafetyPolicy.FromFile(policy);
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(read).UseDefaultModels());
        GuardrailStatus status = await guardrail.WarmUpAsync(TestContext.Current.CancellationToken);
        string[] paths = [folder.At(name), folder.At("rocket.jpg")];
        foreach (int width in (int[])[40, 60, 80, 120, 200])
        {
            using var text = new StringWriter();
            IAnsiConsole console = Terminal.Open(text);
            console.Profile.Width = width;
            using (var report = new TableReport(console, paths, status))
            {
                foreach (string path in paths)
                {
                    report.Add(path, await guardrail.CheckAsync(ImageSource.FromFile(path), TestContext.Current.CancellationToken), heatMap: null);
                }

                report.Complete();
            }

            string[] lines = text.ToString().Split('\n', StringSplitOptions.TrimEntries);
            Assert.Contains(lines, line => line == name || line.StartsWith($"{name} ", StringComparison.Ordinal));
            Assert.Contains(lines, line => line.Contains("Political: Not assessed.", StringComparison.Ordinal));
            Assert.All(lines.Where(line => line != name), line => Assert.InRange(line.Length, 0, width));
            Assert.Equal(1, string.Join(' ', lines).Split("no model here covers them").Length - 1);
        }
    }

    [Fact]
    public async Task Csv_has_one_row_an_image_and_runs_as_no_formula()
    {
        using var folder = new TemporaryFolder();
        folder.Photo("chelsea.png", "=cmd(),\"x\".png");
        folder.Write("broken.png", "x");
        string file = folder.At("out.csv"), images = folder.At();

        CommandRun run = await CommandRun.OfAsync("check", images, "--policy", s_noCats, "--format", "csv", "--output", file, "--jobs", "1");

        Assert.Equal(3, run.ExitCode);
        Assert.Empty(run.Output);
        string[] rows = (await File.ReadAllTextAsync(file)).Split("\r\n");
        Assert.Equal("path,decision,category,verdict,score,threshold,reason,failure,heatMap", rows[0]);
        Assert.StartsWith($"\"{folder.At("=cmd(),\"\"x\"\".png")}\",block,cats,unsafe,", rows[1], StringComparison.Ordinal);
        Assert.StartsWith($"{folder.At("broken.png")},block,,,,,", rows[2], StringComparison.Ordinal);
        Assert.EndsWith(",unsupported,", rows[2], StringComparison.Ordinal);
        Assert.Equal(4, rows.Length);

        using var text = new StringWriter();
        new CsvReport(text).Add("=1+1.png", await ResultOfAsync(s_cat), heatMap: "-x.png");
        Assert.Contains("\r\n'=1+1.png,block,", text.ToString(), StringComparison.Ordinal);
        Assert.EndsWith(",'-x.png\r\n", text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Results_go_to_a_file_that_is_none_of_the_images()
    {
        using var folder = new TemporaryFolder();
        string photo = folder.Photo("coffee.png", "coffee.png"), file = folder.Write("out.json", new string('x', 100_000));

        CommandRun run = await CommandRun.OfAsync("check", photo, "--policy", s_noCats, "--format", "json", "--output", file);
        CommandRun refused = await CommandRun.OfAsync("check", photo, "--policy", s_noCats, "--output", photo);
        CommandRun nowhere = await CommandRun.OfAsync("check", photo, "--policy", s_noCats, "--output", folder.At("no", "such", "out.json"));

        Assert.Equal((0, ""), (run.ExitCode, run.Output));
        Assert.Equal("allow", JsonElement.Parse(await File.ReadAllTextAsync(file))[0].GetProperty("decision").GetString());
        Assert.Equal(1, refused.ExitCode);
        Assert.Equal($"{photo} is one of the images and was left as it is; name another file with --output.", refused.Error.Trim());
        Assert.Equal(1, nowhere.ExitCode);
        Assert.StartsWith($"{folder.At("no", "such", "out.json")}: the results can't be written there.", nowhere.Error, StringComparison.Ordinal);
    }

    private static async Task<GuardrailResult> ResultOfAsync(string image)
    {
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicyFile(s_noCats, reloadOnChange: false).UseDefaultModels());
        return await guardrail.CheckAsync(ImageSource.FromFile(image));
    }

    private static string[] NamesOf(JsonElement element) => [.. element.EnumerateObject().Select(property => property.Name)];
}
