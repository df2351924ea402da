using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using SafeVision.Benchmarks.Photographs;
using SafeVision.Models;
using SafeVision.Policies;
using OnnxRuntime = SafeVision.Inference.OnnxRuntime;

namespace SafeVision.Benchmarks.Starting;

/// <summary>
/// From the start of a process to the first answer, and how long another policy takes; beside a process that opens the same
/// model files with ONNX Runtime alone and runs each once. Processes take turns; medians count.
/// </summary>
internal static class StartComparison
{
    /// <summary>Goals: times in milliseconds, and ours over ONNX Runtime's alone.</summary>
    private const double ToFirstAnswer = 800, ForPolicy = 100, OverRaw = 1.5;

    public static async Task RunAsync(int rounds, TextWriter output)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"safevision-start-{Environment.ProcessId}");
        try
        {
            PhotographSet.Write([PhotographSet.Make("china.jpg", 1200, 800)], folder);
            WriteGraphs(folder);
            List<double> ours = [], raw = [];
            var steps = new List<Dictionary<string, double>>();
            for (int round = 0; round < rounds; round++)
            {
                (double wall, string written) = await TimeAsync("start-run", folder).ConfigureAwait(false);
                ours.Add(wall);
                steps.Add(written.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')).ToDictionary(
                    line => line[0], line => double.Parse(line[1], CultureInfo.InvariantCulture)));
                raw.Add((await TimeAsync("start-raw", folder).ConfigureAwait(false)).Wall);
            }

            output.WriteLine("| step, in a fresh process | ms | goal, ms |");
            output.WriteLine("|---|--:|--:|");
            foreach (string step in steps[0].Keys)
            {
                string goal = step.StartsWith("another policy", StringComparison.Ordinal) ? $"{ForPolicy}" : "";
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {step} | {Median(steps.Select(one => one[step])):0} | {goal} |"));
            }

            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| process start to its end with the first answer | {Median(ours):0} | {ToFirstAnswer} |"));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| the same files with ONNX Runtime alone, opened and run once | {Median(raw):0} | |"));
            output.WriteLine();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Ours over ONNX Runtime alone: {Median(ours) / Median(raw):0.00}; the goal is at most {OverRaw}."));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>What a process started by <see cref="RunAsync"/> does: the first answer, and then another policy.</summary>
    public static async Task MeasureAsync(string folder, TextWriter output)
    {
        ImageSource image = ImageSource.FromFile(Directory.GetFiles(folder, "*.jpg")[0]);
        var whole = Stopclock.Start();
        var clock = Stopclock.Start();
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(SafetyPolicy.Starter).UseDefaultModels());
        Report("compose the guardrail");
        await guardrail.WarmUpAsync().ConfigureAwait(false);
        Report("load the models and compile the policy (WarmUpAsync)");
        _ = await guardrail.CheckAsync(image).ConfigureAwait(false);
        Report("first image");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Main to the first answer\t{whole.Stop().Wall}"));
        clock = Stopclock.Start();
        _ = await guardrail.CheckAsync(image).ConfigureAwait(false);
        Report("second image");
        SafetyPolicy other = SafetyPolicy.Define("other", "1").Category("Knives", category => category.Includes("knives", "cleavers")).Build();
        clock = Stopclock.Start();
        await guardrail.UpdatePolicyAsync(other).ConfigureAwait(false);
        Report("another policy (UpdatePolicyAsync)");

        void Report(string step)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{step}\t{clock.Stop().Wall}"));
            clock = Stopclock.Start();
        }
    }

    /// <summary>What a process started by <see cref="RunAsync"/> does to be compared with: open each graph, run it once.</summary>
    public static void MeasureRaw(string folder)
    {
        foreach (string file in Directory.GetFiles(folder, "*.onnx"))
        {
            using SessionOptions options = OnnxRuntime.CreateOptions();
            options.IntraOpNumThreads = Environment.ProcessorCount;
            using InferenceSession session = OnnxRuntime.Open(file, options);
            using OrtValue pixels = OrtValue.CreateTensorValueFromMemory(new float[3 * 224 * 224], [1, 3, 224, 224]);
            using var run = new RunOptions();
            using IDisposableReadOnlyCollection<OrtValue> results = session.Run(run, [session.InputNames[0]], [pixels], session.OutputNames);
        }
    }

    private static void WriteGraphs(string folder)
    {
        foreach (ModelPackage package in DefaultModels.All.Where(package => package.Manifest.File.EndsWith(".onnx", StringComparison.Ordinal)))
        {
            File.WriteAllBytes(Path.Combine(folder, $"{package.Manifest.Id}.onnx"), package.ReadVerified(package.Manifest.File));
        }
    }

    private static async Task<(double Wall, string Written)> TimeAsync(string command, string folder)
    {
        long start = Stopwatch.GetTimestamp();
        string written = await OwnProcess.RunAsync(command, folder).ConfigureAwait(false);
        return (Stopwatch.GetElapsedTime(start).TotalMilliseconds, written);
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);
}
