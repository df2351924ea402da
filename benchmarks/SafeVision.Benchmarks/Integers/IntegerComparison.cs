using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.Models;

namespace SafeVision.Benchmarks.Integers;

/// <summary>
/// The default networks, which compute in 8-bit integers, beside the float32 networks that they were made of, on a folder of
/// images and one thread, in turns: what a run takes, how often both find the same label the likeliest, and how much of the
/// probability moves to other labels.
/// </summary>
internal static class IntegerComparison
{
    public static async Task RunAsync(string images, TextWriter output)
    {
        string[] files = [.. Directory.GetFiles(images).Where(file => Path.GetExtension(file).ToUpperInvariant() is ".JPG" or ".JPEG" or ".PNG").Order(StringComparer.Ordinal)];
        await output.WriteLineAsync($"{files.Length} images, one view of each.\n\n| network | MB in float32 | in integers | ms in float32, median | in integers | ratio | same label | mass moved, mean | 99 % |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|").ConfigureAwait(false);
        foreach (ModelPackage package in new[] { DefaultModels.Nsfw, DefaultModels.Objects })
        {
            ModelManifest manifest = package.Manifest;
            var exact = ModelPackage.Open(Path.Combine("models", "float32", manifest.Id));
            var preprocessor = new ImagePreprocessor(manifest.Preprocessing!);
            float[] input = new float[preprocessor.InputLength];
            using InferenceSession before = Open(exact), after = Open(package);
            (List<double> Before, List<double> After, List<double> Moved) all = ([], [], []);
            int same = 0;
            foreach (string file in files)
            {
                using (DecodedImage image = await new SkiaImageDecoder().DecodeAsync(ImageSource.FromFile(file), new ImageDecodeOptions { TargetShortSide = preprocessor.Recipe.Resize.Size }, CancellationToken.None).ConfigureAwait(false))
                {
                    ImageFrame frame = image.Frames[0];
                    preprocessor.Write(frame.Pixels, frame.Width, frame.Height, ImageRegion.Whole(frame.Width, frame.Height), input);
                }

                float[] right = Run(before, manifest, input, all.Before), rounded = Run(after, manifest, input, all.After);
                same += TensorPrimitives.IndexOfMax(right) == TensorPrimitives.IndexOfMax(rounded) ? 1 : 0;
                all.Moved.Add(right.Zip(rounded, (one, other) => Math.Abs(one - other)).Sum() / 2);
            }

            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"| {manifest.Id} | {exact.Manifest.Bytes / 1e6:0.0} | {manifest.Bytes / 1e6:0.0} | {Rank(all.Before, 0.5):0.00} | {Rank(all.After, 0.5):0.00} | {Rank(all.After, 0.5) / Rank(all.Before, 0.5):0.00} | {(double)same / files.Length:P1} | {all.Moved.Average():0.0000} | {Rank(all.Moved, 0.99):0.000} |")).ConfigureAwait(false);
        }
    }

    private static InferenceSession Open(ModelPackage package)
    {
        using SessionOptions options = OnnxRuntime.CreateOptions();
        options.IntraOpNumThreads = 1;
        using Stream file = package.Folder.OpenRead(package.Manifest.File);
        using var bytes = new MemoryStream();
        file.CopyTo(bytes);
        return OnnxRuntime.Open(bytes.ToArray(), options);
    }

    /// <summary>The probabilities at the network's temperature.</summary>
    private static float[] Run(InferenceSession session, ModelManifest manifest, float[] input, List<double> times)
    {
        int size = manifest.Preprocessing!.InputSize;
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(input, [1, 3, size, size]);
        using var options = new RunOptions();
        long start = Stopwatch.GetTimestamp();
        using IDisposableReadOnlyCollection<OrtValue> results = session.Run(options, [manifest.Input], [value], [manifest.Outputs["logits"]]);
        times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        float[] shares = new float[manifest.Labels.Count];
        TensorPrimitives.Divide(results[0].GetTensorDataAsSpan<float>(), (float)(manifest.Temperature ?? 1), shares);
        TensorPrimitives.SoftMax(shares, shares);
        return shares;
    }

    private static double Rank(List<double> values, double share) => values.Order().ElementAt((int)((values.Count - 1) * share));
}
