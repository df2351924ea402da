using System.Text.Json;
using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Tfjs;

/// <summary>
/// A TensorFlow.js model: <c>model.json</c> with binary shards, or the same two as JavaScript bundles (<c>*.min.js</c>).
/// Quantised weights stay as they are stored.
/// </summary>
internal sealed class TfjsCheckpoint : IDisposable
{
    private const int MostShards = 4096;

    private readonly JsonDocument _model;

    private TfjsCheckpoint(string path, JsonDocument model) => (Path, _model) = (path, model);

    /// <summary>The file that describes the model.</summary>
    public string Path { get; }

    /// <summary>The files' paths.</summary>
    public List<string> Paths { get; } = [];

    public JsonElement Topology { get; private set; }

    /// <summary>True for a TensorFlow graph, false for Keras layers.</summary>
    public bool IsGraph { get; private set; }

    public Dictionary<string, StoredTensor> Weights { get; } = new(StringComparer.Ordinal);

    /// <summary>The file that describes a model, or null when the folder has none.</summary>
    public static string? Find(string folder)
    {
        string[] names = ["model.json", $"model{ScriptBundle.Extension}"];
        return names.Select(name => System.IO.Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }

    /// <exception cref="CheckpointException">There is none, or it is not sound.</exception>
    public static TfjsCheckpoint Open(string folder)
    {
        string path = Find(folder) ?? throw new CheckpointException($"{folder}: neither model.json nor model{ScriptBundle.Extension} is there.");
        JsonDocument model = path.EndsWith(ScriptBundle.Extension, StringComparison.Ordinal) ? ScriptBundle.ReadObject(path) : CheckpointJson.Read(path);
        var checkpoint = new TfjsCheckpoint(path, model);
        try
        {
            checkpoint.ReadModel(folder);
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>A weight by its name.</summary>
    /// <exception cref="CheckpointException">There is none of that name.</exception>
    public StoredTensor Weight(string name) => Weights.GetValueOrDefault(name)
        ?? throw new CheckpointException($"{Path}: the weights manifest has no '{name}', which the topology needs.");

    public void Dispose() => _model.Dispose();

    private void ReadModel(string folder)
    {
        Paths.Add(Path);
        JsonElement root = _model.RootElement;
        Topology = CheckpointJson.Property(root, "modelTopology", JsonValueKind.Object, Path);
        IsGraph = Topology.TryGetProperty("node", out _);
        JsonElement groups = CheckpointJson.Property(root, "weightsManifest", JsonValueKind.Array, Path);
        foreach (JsonElement group in groups.EnumerateArray())
        {
            ReadOnlyMemory<byte> bytes = ReadShards(folder, CheckpointJson.Property(group, "paths", JsonValueKind.Array, Path));
            int offset = 0;
            foreach (JsonElement entry in CheckpointJson.Property(group, "weights", JsonValueKind.Array, Path).EnumerateArray())
            {
                StoredTensor weight = TfjsWeight.Read(Path, entry, bytes, ref offset);
                if (!Weights.TryAdd(weight.Name, weight))
                {
                    throw new CheckpointException($"{Path}: the weight '{weight.Name}' is listed twice.");
                }
            }

            if (offset != bytes.Length)
            {
                throw new CheckpointException($"{Path}: the shards have {bytes.Length} bytes, but the weights take {offset}.");
            }
        }
    }

    /// <summary>The shards of a group one behind the other: weights may cross from one into the next.</summary>
    private byte[] ReadShards(string folder, JsonElement paths)
    {
        if (paths.GetArrayLength() > MostShards)
        {
            throw new CheckpointException($"{Path}: {paths.GetArrayLength()} shards are more than a group may have ({MostShards}).");
        }

        var parts = new List<byte[]>();
        long total = 0;
        foreach (JsonElement entry in paths.EnumerateArray())
        {
            string? name = entry.ValueKind == JsonValueKind.String ? entry.GetString() : null;
            if (!CheckpointJson.IsPlainFileName(name))
            {
                throw new CheckpointException($"{Path}: a shard must be named by a file name of the same folder.");
            }

            string bundle = System.IO.Path.Combine(folder, name + ScriptBundle.Extension), plain = System.IO.Path.Combine(folder, name);
            bool isBundle = Path.EndsWith(ScriptBundle.Extension, StringComparison.Ordinal);
            Paths.Add(isBundle ? bundle : plain);
            parts.Add(isBundle ? ScriptBundle.ReadBytes(bundle) : ReadPlain(plain));
            if ((total += parts[^1].Length) > int.MaxValue)
            {
                throw new CheckpointException($"{Path}: the shards of a group are larger than 2 GiB together.");
            }
        }

        byte[] bytes = new byte[total];
        int offset = 0;
        foreach (byte[] part in parts)
        {
            part.CopyTo(bytes, offset);
            offset += part.Length;
        }

        return bytes;
    }

    private static byte[] ReadPlain(string path)
    {
        return CheckpointFile.ReadAllBytes(path, Array.MaxLength);
    }
}
