using System.Text.Json;
using SafeVision.Tests;

namespace SafeVision.Cli.Tests;

public sealed class EvaluateCommandTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static string Policy => Repository.PathOf("samples/policies/no-cats.yaml");

    /// <summary>The sample photographs as a dataset: one of seven shows a cat, and one is not there.</summary>
    private static void WriteDataset(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "dataset.json"), """{"name": "photos", "version": "1", "categories": ["cats"]}""");
        var lines = new List<string>();
        foreach (string photo in new[] { "chelsea.png", "coffee.png", "rocket.jpg", "camera.png", "flower.jpg", "china.jpg", "astronaut.png" })
        {
            File.Copy(Repository.PathOf($"samples/images/{photo}"), Path.Combine(folder, photo));
            lines.Add(photo == "chelsea.png"
                ? $$"""{"id": "{{photo}}", "image": "{{photo}}", "labels": ["cats"], "objects": [{"name": "cat", "box": {"x": 0.2, "y": 0.05, "width": 0.6, "height": 0.9}, "categories": ["cats"]}]}"""
                : $$"""{"id": "{{photo}}", "image": "{{photo}}", "labels": []}""");
        }

        lines.Add("""{"id": "gone", "image": "gone.png", "labels": ["cats"]}""");
        File.WriteAllLines(Path.Combine(folder, "samples.jsonl"), lines);
    }

    private static double Number(string report, string name, string? category = null) =>
        JsonElement.Parse(File.ReadAllText(report)).GetProperty("metrics").EnumerateArray()
            .Single(metric => metric.GetProperty("name").GetString() == name
                && (metric.TryGetProperty("category", out JsonElement id) ? id.GetString() : null) == category
                && !metric.TryGetProperty("detail", out _))
            .GetProperty("value").GetDouble();

    [Fact]
    public async Task A_dataset_is_measured_with_a_report_in_three_forms_and_what_was_wrong_with_it()
    {
        using var folder = new TemporaryFolder();
        WriteDataset(folder.At("data"));

        CommandRun run = await CommandRun.OfAsync(["evaluate", folder.At("data"), "--policy", Policy, "--out", folder.At("out"), "--latency", "2"], Cancellation);

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("gone", run.Error, StringComparison.Ordinal);
        Assert.Contains("photos under no-cats 2, 7 samples", run.Output, StringComparison.Ordinal);
        Assert.True(File.Exists(folder.At("out/report.html")) && File.Exists(folder.At("out/report.md")));
        string report = folder.At("out/report.json");
        Assert.Equal(1, Number(report, "recall", "cats"));
        Assert.Equal(0, Number(report, "falsePositiveRate", "cats"));
        Assert.Equal(1, Number(report, "rocAuc", "cats"));
        Assert.Equal(1, Number(report, "pointingGame"));
        Assert.True(Number(report, "latencyCold") > Number(report, "latencyP50"));
    }

    [Fact]
    public async Task A_run_that_was_stopped_goes_on_and_two_runs_give_the_same_report()
    {
        using var folder = new TemporaryFolder();
        WriteDataset(folder.At("data"));
        string[] Arguments(string output) => ["evaluate", folder.At("data"), "--policy", Policy, "--out", folder.At(output)];
        Assert.Equal(0, (await CommandRun.OfAsync(Arguments("whole"), Cancellation)).ExitCode);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        Task<CommandRun> stopped = CommandRun.OfAsync(Arguments("stopped"), stop.Token);
        string records = folder.At("stopped/records.ndjson");
        while (!stopped.IsCompleted && !(File.Exists(records) && new FileInfo(records).Length > 0))
        {
            await Task.Delay(5, Cancellation);
        }

        await stop.CancelAsync();
        await stopped;
        CommandRun resumed = await CommandRun.OfAsync(Arguments("stopped"), Cancellation);

        Assert.Equal(0, resumed.ExitCode);
        Assert.Equal(await File.ReadAllTextAsync(folder.At("whole/report.json"), Cancellation), await File.ReadAllTextAsync(folder.At("stopped/report.json"), Cancellation));

        CommandRun compared = await CommandRun.OfAsync(["evaluate", folder.At("data"), "--compare", folder.At("whole"), folder.At("stopped"), "--out", folder.At("both")], Cancellation);
        Assert.True(compared.ExitCode == 0, compared.Error);
        Assert.Contains("7 samples, 0 verdicts changed", compared.Output, StringComparison.Ordinal);

        CommandRun other = await CommandRun.OfAsync([.. Arguments("whole"), "--seed", "2"], Cancellation);
        Assert.Equal(1, other.ExitCode);
        Assert.Contains("another seed", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task VisionHarm_S_is_drawn_and_measured_under_both_of_its_policies_with_nothing_but_the_command()
    {
        using var folder = new TemporaryFolder();

        CommandRun run = await CommandRun.OfAsync(["evaluate", "--limit", "12", "--out", folder.At("out")], Cancellation);

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("VisionHarm-S under visionharm-t 1, 12 samples", run.Output, StringComparison.Ordinal);
        Assert.Matches("(?m)^ *Hate_Humiliation_Harassment +[0-9]+ ", run.Output);
        Assert.Matches("(?m)^Images: [0-9]+ allowed, [0-9]+ sent to review, [0-9]+ blocked, 0 could not be judged", run.Output);
        Assert.True(File.Exists(folder.At("out/visionharm-t/report.html")) && File.Exists(folder.At("out/visionharm-s-novel/report.html")));
    }

    [Theory]
    [InlineData("there is no", "evaluate", "nowhere")]
    [InlineData("--prevalence must be a share", "evaluate", "nowhere", "--prevalence", "2")]
    public async Task What_cannot_be_measured_is_an_error_that_says_why(string message, params string[] arguments)
    {
        CommandRun run = await CommandRun.OfAsync(arguments, Cancellation);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.OrdinalIgnoreCase);
    }
}
