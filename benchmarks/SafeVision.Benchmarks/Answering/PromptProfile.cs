using System.Globalization;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using SafeVision.VisionLanguage.Generation;
using OnnxRuntime = SafeVision.Inference.OnnxRuntime;

namespace SafeVision.Benchmarks.Answering;

/// <summary>
/// Where the time of a prompt goes whose beginning is known: one run of a decoder's graph, ours or a peer's, operator by operator on
/// one thread, as ONNX Runtime's profiler says. Of several runs each node's fastest counts, so that others on the machine change little.
/// </summary>
internal static class PromptProfile
{
    private const int Known = 384, New = 128, Rounds = 6;

    public static void Run(IEnumerable<string> files, TextWriter output)
    {
        foreach (string file in files)
        {
            Dictionary<string, (int Nodes, double Time)> times = Measure(file);
            double all = times.Values.Sum(time => time.Time);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{file}: {New} tokens behind {Known} that are known, {all:0.0} ms of operators on one thread."));
            foreach ((string type, (int nodes, double time)) in times.OrderByDescending(pair => pair.Value.Time).Take(12))
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {type} ({nodes}): {time:0.0} ms, {100 * time / all:0} %"));
            }
        }
    }

    private static Dictionary<string, (int Nodes, double Time)> Measure(string file)
    {
        using SessionOptions options = OnnxRuntime.CreateOptions();
        (options.IntraOpNumThreads, options.EnableProfiling, options.ProfileOutputPathPrefix) = (1, true, Path.Combine(Path.GetTempPath(), $"profile-{Environment.ProcessId}"));
        using InferenceSession session = OnnxRuntime.Open(file, options);
        using OrtIoBinding binding = session.CreateIoBinding();
        var buffers = new List<NativeBuffer>();
        var values = new List<OrtValue>();
        foreach ((string name, NodeMetadata metadata) in session.InputMetadata)
        {
            OrtValue value = name switch
            {
                "attention_mask" => Value(metadata, [1, Known + New], 1),
                "num_logits_to_keep" => Value(metadata, [], 1),
                _ when name.StartsWith("past", StringComparison.Ordinal) => Value(metadata, [1, metadata.Dimensions[1], Known + New + 1, metadata.Dimensions[3]], 0),
                _ => Value(metadata, [1, New, .. metadata.Dimensions.Length > 2 ? new long[] { metadata.Dimensions[2] } : []], 7),
            };
            binding.BindInput(name, value);
            if (name.StartsWith("past", StringComparison.Ordinal))
            {
                binding.BindOutput(name.Replace("past_key_values", "present", StringComparison.Ordinal), value);
            }
        }

        binding.BindOutputToDevice("logits", OrtMemoryInfo.DefaultInstance);
        using var run = new RunOptions();
        for (int round = 0; round < Rounds; round++)
        {
            session.RunWithBinding(run, binding);
        }

        string profile = session.EndProfiling();
        var nodes = new Dictionary<string, (string Type, double Time)>(StringComparer.Ordinal);
        using (JsonDocument events = JsonDocument.Parse(File.ReadAllBytes(profile)))
        {
            foreach (JsonElement one in events.RootElement.EnumerateArray())
            {
                if (one.GetProperty("cat").ValueEquals("Node") && one.GetProperty("name").GetString() is { } name && name.EndsWith("_kernel_time", StringComparison.Ordinal))
                {
                    double time = one.GetProperty("dur").GetDouble() / 1000;
                    nodes[name] = (one.GetProperty("args").GetProperty("op_name").GetString()!, nodes.TryGetValue(name, out (string, double Time) known) ? Math.Min(known.Time, time) : time);
                }
            }
        }

        File.Delete(profile);
        values.ForEach(value => value.Dispose());
        buffers.ForEach(buffer => buffer.Dispose());
        return nodes.Values.GroupBy(node => node.Type).ToDictionary(group => group.Key, group => (group.Count(), group.Sum(node => node.Time)));

        OrtValue Value(NodeMetadata metadata, long[] shape, long filler)
        {
            int count = (int)shape.Aggregate(1L, (product, size) => product * size);
            var buffer = new NativeBuffer((long)count * TensorElements.SizeOf(metadata.ElementDataType));
            if (metadata.ElementDataType == TensorElementType.Int64)
            {
                buffer.Span<long>(0, count).Fill(filler);
            }
            else
            {
                var random = new Random(1);
                foreach (ref float number in buffer.Span<float>(0, count))
                {
                    number = (float)(random.NextDouble() - 0.5);
                }
            }

            buffers.Add(buffer);
            values.Add(buffer.Tensor(metadata.ElementDataType, shape));
            return values[^1];
        }
    }
}
