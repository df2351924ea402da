using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using SafeVision.Conversion;
using SafeVision.Inference;
using SafeVision.Models;

namespace SafeVision.Benchmarks.Integers;

/// <summary>
/// A default network as it is, and made to compute in 8-bit integers with a folder of images: what a run on one thread takes,
/// in turns, and how often both find the same answer the likeliest.
/// </summary>
internal static class IntegerComparison
{
    private const int Runs = 200;

    public static async Task RunAsync(string images, TextWriter output)
    {
        await output.WriteLineAsync("| network | MB | in integers | ms, the least | in integers | ratio | same answer |\n|---|--:|--:|--:|--:|--:|--:|").ConfigureAwait(false);
        foreach (ModelPackage package in new[] { DefaultModels.Objects, DefaultModels.Nsfw })
        {
            ModelManifest manifest = package.Manifest;
            string source = Path.Combine("models", manifest.Id), made = Path.Combine(Path.GetTempPath(), $"{manifest.Id}-integers");
            ConversionResult result = await ModelConverter.ConvertAsync(new ConversionOptions { Source = source, Destination = made, Calibration = images }).ConfigureAwait(false);
            int size = manifest.Preprocessing!.InputSize;
            using InferenceSession exact = Open(source), rounded = Open(made);
            using OrtValue input = OrtValue.CreateTensorValueFromMemory(GoldenInput.Create(1, 3 * size * size), [1, 3, size, size]);
            (double Exact, double Rounded) least = (double.MaxValue, double.MaxValue);
            for (int run = 0; run < Runs; run++)
            {
                least = (Math.Min(least.Exact, Time(exact, manifest, input)), Math.Min(least.Rounded, Time(rounded, manifest, input)));
            }

            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"| {manifest.Id} | {manifest.Bytes / 1e6:0.0} | {result.Manifest.Bytes / 1e6:0.0} | {least.Exact:0.00} | {least.Rounded:0.00} | {least.Rounded / least.Exact:0.00} | {result.Manifest.Converted!.PrecisionLoss!.TopAgreement:P1} |")).ConfigureAwait(false);
        }
    }

    private static InferenceSession Open(string folder)
    {
        using SessionOptions options = OnnxRuntime.CreateOptions();
        options.IntraOpNumThreads = 1;
        return OnnxRuntime.Open(Path.Combine(folder, "model.onnx"), options);
    }

    private static double Time(InferenceSession session, ModelManifest manifest, OrtValue input)
    {
        using var options = new RunOptions();
        long start = Stopwatch.GetTimestamp();
        session.Run(options, [manifest.Input], [input], [manifest.Outputs["logits"]]).Dispose();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
