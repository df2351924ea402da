using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeVision.Benchmarks.Checkpoints;

/// <summary>
/// Makes a checkpoint in the shape of a published model, its weights random, so that speed and size can be measured
/// without a download. The same seed makes the same bytes.
/// </summary>
internal static class RandomCheckpoint
{
    private const int Seed = 1;
    private const int ChunkNumbers = 1 << 20;

    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>Writes the folder and says what was written.</summary>
    public static void Write(string folder, string shapeName, TextWriter output)
    {
        CheckpointShape shape = CheckpointShape.All.FirstOrDefault(shape => shape.Name == shapeName)
            ?? throw new ArgumentException($"'{shapeName}' is no shape; these are: {string.Join(", ", CheckpointShape.All.Select(shape => shape.Name))}.", nameof(shapeName));
        Directory.CreateDirectory(folder);
        WriteCompanions(folder, shape);
        RandomTensor[] tensors = [.. shape.Tensors()];
        var clock = Stopclock.Start();
        WriteWeights(Path.Combine(folder, "model.safetensors"), tensors);
        long numbers = tensors.Sum(tensor => tensor.Count);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{folder}: {shape.Name}, {tensors.Length} tensors, {numbers / 1e6:0} million bfloat16 weights, {clock.Stop().Wall / 1000:0.0} s"));
    }

    private static void WriteWeights(string path, RandomTensor[] tensors)
    {
        var header = new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        long end = 0;
        foreach (RandomTensor tensor in tensors)
        {
            header[tensor.Name] = new JsonObject
            {
                ["dtype"] = "BF16",
                ["shape"] = new JsonArray([.. tensor.Shape.Select(size => (JsonNode)size)]),
                ["data_offsets"] = new JsonArray(end, end += tensor.Count * sizeof(ushort)),
            };
        }

        byte[] text = JsonSerializer.SerializeToUtf8Bytes(header), length = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        using FileStream file = File.Create(path);
        file.Write(length);
        file.Write(text);

        var random = new Random(Seed);
        ushort[] weights = Normal(random, 0), gains = Normal(random, 1), picks = new ushort[ChunkNumbers];
        foreach (RandomTensor tensor in tensors)
        {
            ushort[] values = tensor.Mean == 0 ? weights : gains;
            for (long done = 0; done < tensor.Count; done += ChunkNumbers)
            {
                Span<ushort> chunk = picks.AsSpan(0, (int)Math.Min(ChunkNumbers, tensor.Count - done));
                random.NextBytes(MemoryMarshal.AsBytes(chunk));
                foreach (ref ushort pick in chunk)
                {
                    pick = values[pick];
                }

                file.Write(MemoryMarshal.AsBytes(chunk));
            }
        }
    }

    /// <summary>A sample of the normal distribution to draw from (Box and Muller 1958), as bfloat16.</summary>
    private static ushort[] Normal(Random random, float mean)
    {
        ushort[] values = new ushort[ushort.MaxValue + 1];
        foreach (ref ushort value in values.AsSpan())
        {
            double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            value = (ushort)(BitConverter.SingleToUInt32Bits(mean + (RandomTensor.Deviation * (float)normal)) >> 16);
        }

        return values;
    }

    private static void WriteCompanions(string folder, CheckpointShape shape)
    {
        string prefix = $"checkpoints/{shape.Family}/";
        foreach (string resource in typeof(RandomCheckpoint).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            string name = resource[prefix.Length..];
            using Stream content = typeof(RandomCheckpoint).Assembly.GetManifestResourceStream(resource)!;
            using FileStream file = File.Create(Path.Combine(folder, name));
            Action<JsonObject>? change = name switch
            {
                "config.json" => shape.Configure,
                "preprocessor_config.json" => shape.ConfigurePreprocessing,
                "vocab.json" => vocabulary => Pad(vocabulary, shape),
                "tokenizer.json" => tokenizer => Pad(tokenizer["model"]!["vocab"]!.AsObject(), shape),
                _ => null,
            };
            if (change is null)
            {
                content.CopyTo(file);
                continue;
            }

            JsonObject json = JsonNode.Parse(content)!.AsObject();
            change(json);
            JsonSerializer.Serialize(file, json, s_json);
        }
    }

    /// <summary>Gives the ids that the small tokenizer lacks tokens that no text has, so that every answer can be read.</summary>
    private static void Pad(JsonObject vocabulary, CheckpointShape shape)
    {
        for (int id = shape.FirstUnused; id < shape.Text.Vocabulary; id++)
        {
            vocabulary[$"filler{id}"] = id;
        }
    }
}
