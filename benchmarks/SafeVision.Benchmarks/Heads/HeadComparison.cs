using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using OnnxRuntime = SafeVision.Inference.OnnxRuntime;

namespace SafeVision.Benchmarks.Heads;

/// <summary>
/// What a decoder's run would save if its head had the rows of ten category tokens instead of the whole vocabulary: the same
/// layers written twice, with the two heads, and run in turns on prompts of several lengths. Only the last place gets logits
/// in both.
/// </summary>
internal static class HeadComparison
{
    private const int Categories = 10;

    private static readonly (int Tokens, int Rounds)[] s_cases = [(1, 101), (64, 31), (256, 11), (1024, 5)];

    public static void Run(string checkpoint, string precision, TextWriter output)
    {
        string folder = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(checkpoint))!, "head-benchmark");
        Directory.CreateDirectory(folder);
        try
        {
            using VisionLanguageModel model = new InternVL().Read(checkpoint);
            TextDecoder text = model.Text;
            int first = text.Shape.Vocabulary - Categories; // added tokens stand last
            TextDecoder few = text with { Shape = text.Shape with { Vocabulary = Categories }, Head = text.Head.Slice("head.rows", first, Categories) };
            using InferenceSession whole = Open(folder, "whole", text, precision), rows = Open(folder, "rows", few, precision);
            output.WriteLine($"{text.Shape.Vocabulary} rows of {text.Shape.Hidden}, {precision}\n");
            output.WriteLine($"| tokens | whole head, ms | {Categories} rows, ms | saved | of processor time | logits differ by |");
            output.WriteLine("|--:|--:|--:|--:|--:|--:|");
            foreach ((int length, int rounds) in s_cases)
            {
                List<Lap> wholes = [], few10 = [];
                float difference = 0;
                for (int round = 0; round < rounds + 2; round++)
                {
                    Lap wholeLap, rowsLap;
                    float[] all, some;
                    if (round % 2 == 0) // so that neither always finds what the other left in the caches
                    {
                        ((all, wholeLap), (some, rowsLap)) = (Time(whole, text.Shape, length), Time(rows, text.Shape, length));
                    }
                    else
                    {
                        ((some, rowsLap), (all, wholeLap)) = (Time(rows, text.Shape, length), Time(whole, text.Shape, length));
                    }

                    TensorPrimitives.Subtract(some, all.AsSpan(first), some);
                    difference = Math.Max(difference, Math.Abs(TensorPrimitives.MaxMagnitude<float>(some)));
                    if (round >= 2)
                    {
                        wholes.Add(wholeLap);
                        few10.Add(rowsLap);
                    }
                }

                Lap a = Lap.Median(wholes), b = Lap.Median(few10);
                output.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {length} | {a.Wall:0.0} | {b.Wall:0.0} | {1 - (b.Wall / a.Wall):0.0%} | {1 - (b.Processor / a.Processor):0.0%} | {difference:0.0e+0} |"));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static InferenceSession Open(string folder, string name, TextDecoder decoder, string precision)
    {
        string path = Path.Combine(folder, $"{name}.onnx");
        OnnxFile.Write(path, DecoderGraph.Write(decoder, WeightForms.Find(precision), AttentionStyle.Grouped).Graph, "benchmark", "1", (_, _) => { }, CancellationToken.None);
        using SessionOptions options = OnnxRuntime.CreateOptions();
        options.IntraOpNumThreads = Environment.ProcessorCount;
        return OnnxRuntime.Open(path, options);
    }

    private static (float[] Logits, Lap Lap) Time(InferenceSession session, DecoderShape shape, int length)
    {
        using var run = new RunOptions();
        float[] embeddings = VisionInput.Noise(7, 1, length, shape.Hidden).Numbers;
        long[] mask = [.. Enumerable.Repeat(1L, length)];
        string[] names = [.. session.InputMetadata.Keys];
        OrtValue[] values = [.. names.Select(name => name switch
        {
            "inputs_embeds" => OrtValue.CreateTensorValueFromMemory(embeddings, [1, length, shape.Hidden]),
            "attention_mask" => OrtValue.CreateTensorValueFromMemory(mask, [1, length]),
            "num_logits_to_keep" => OrtValue.CreateTensorValueFromMemory<long>([1], []),
            _ => OrtValue.CreateTensorValueFromMemory<float>([], [1, shape.KeyValueHeads, 0, shape.HeadSize]),
        })];
        try
        {
            var clock = Stopclock.Start();
            using IDisposableReadOnlyCollection<OrtValue> results = session.Run(run, names, values, ["logits"]);
            Lap lap = clock.Stop();
            return (results[0].GetTensorDataAsSpan<float>().ToArray(), lap);
        }
        finally
        {
            Array.ForEach(values, value => value.Dispose());
        }
    }
}
