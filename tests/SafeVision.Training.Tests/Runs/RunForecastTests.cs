using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using SafeVision.Training.Runs;
using SafeVision.Training.Starter;

namespace SafeVision.Training.Tests.Runs;

/// <summary>The memory that is foretold, against what real runs take: each in a process of its own, on weights of 100 MB and more.</summary>
public sealed class RunForecastTests(RandomCheckpoints checkpoints) : IClassFixture<RandomCheckpoints>
{
    [Theory]
    [InlineData("small", "--lora --recompute", 4)]
    [InlineData("small", "", 2)]
    [InlineData("small", "--train-vision --recompute", 2)]
    [InlineData("large", "--lora", 1)]
    public async Task A_run_takes_at_most_a_quarter_more_than_foretold_and_no_less_than_five_eighths_of_it(string model, string options, int rows)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "How much of a process's memory is its own is read from /proc.");
        string run = checkpoints.PathOf($"{model}{options.Replace(' ', '_')}-{rows}");
        string[] arguments = ["train", "--model", checkpoints.PathOf(model), "--data", checkpoints.PathOf("data"), "--output", run, "--steps", "2", "--accumulation", "1", "--rows", rows.ToString(CultureInfo.InvariantCulture), "--no-convert", .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        var start = new ProcessStartInfo("dotnet", [typeof(Cli.TrainingCommandLine).Assembly.Location, .. arguments]) { RedirectStandardError = true, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        double peak = 0;
        while (!process.HasExited)
        {
            peak = Math.Max(peak, Taken(process.Id));
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        Assert.True(process.ExitCode == 0, $"{await error}{await output}");
        JsonNode forecast = File.ReadLines(Path.Combine(run, "log.jsonl")).Select(line => JsonNode.Parse(line)!).First(line => line["stage"]?.GetValue<string>() == "forecast");
        double foretold = forecast["memory"]!.GetValue<double>();
        string figures = string.Create(CultureInfo.InvariantCulture, $"{model} {options} --rows {rows}: foretold {foretold / (1 << 20):0} MiB, measured {peak / (1 << 20):0} MiB, {foretold / peak:0.00} times; {forecast["parts"]!.ToJsonString()}");
        TestContext.Current.TestOutputHelper?.WriteLine(figures);
        Assert.True(foretold / peak is >= 0.8 and <= 1.6 /* the same run took 915 and 1,139 MiB: when memory is collected varies */, figures);

        // What the system can't take back: pages of files, such as a checkpoint while it is read, it can.
        static double Taken(int process)
        {
            try
            {
                return File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith("RssAnon:", StringComparison.Ordinal))?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var kibibytes, ..] ? 1024 * double.Parse(kibibytes, CultureInfo.InvariantCulture) : 0;
            }
            catch (IOException)
            {
                return 0; // it has ended
            }
        }
    }
}

public sealed class RunForecastMarginTests
{
    [Fact]
    public void A_run_is_refused_where_the_forecast_and_a_quarter_of_it_are_not_there()
    {
        var options = new TrainingOptions { Model = "model", Data = "data", Output = "run" };
        var forecast = new RunForecast(2L << 30, 1L << 30, 1L << 30);
        long needed = forecast.Total + (forecast.Total / 4);

        forecast.Require(needed, options);
        TrainingException refused = Assert.Throws<TrainingException>(() => forecast.Require(needed - 1, options));

        Assert.StartsWith("The run needs about 4.2 GiB (weights 2.0 GiB, gradients and optimiser 1.0 GiB, a batch 1.0 GiB, the program 160 MiB) and may take a quarter more, 5.2 GiB; 5.2 GiB are there", refused.Message, StringComparison.Ordinal);
    }
}

/// <summary>Checkpoints of random weights, as large as makes their memory stand out from the program's, and a few images of 448 pixels.</summary>
public sealed class RandomCheckpoints : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    public string PathOf(string name) => Path.Combine(_folder.Path, name);

    public async ValueTask InitializeAsync()
    {
        foreach ((string name, int layers, int width) in new[] { ("small", 4, 512), ("large", 6, 896) }) // 105 and 480 MB
        {
            StarterCheckpoint.Write(PathOf(name), new StarterOptions { Words = [.. SceneQuestions.Words, .. SceneDataset.Names], Marks = [ScenePolicy.Safe, ScenePolicy.Reason, .. StarterTraining.CategoryMarks], Layers = layers, Width = width, Heads = 8, ImageSize = 448 });
        }

        await StarterDataset.WriteAsync(PathOf("data"), new StarterDatasetOptions { Names = SceneDataset.Names, Sets = SceneDataset.Sets, Train = 4, Refine = 1, Test = 0, ImageSize = 448 }, TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
