namespace SafeVision.Conversion.Checkpoints;

/// <summary>The tensors of a safetensors checkpoint in one file or in several with an index. No pickle is ever read.</summary>
internal sealed class SafetensorsCheckpoint : IDisposable
{
    public const string FileName = "model.safetensors";
    public const string IndexName = "model.safetensors.index.json";

    private const string LoraConfig = "adapter_config.json";

    private static readonly string[] Pickles = [".bin", ".pth", ".pt", ".ckpt"];

    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _stored = new(StringComparer.Ordinal); // by the name that the family has for it

    private SafetensorsCheckpoint(string folder) => Folder = folder;

    public string Folder { get; }

    public IReadOnlyDictionary<string, StoredTensor> Tensors => _tensors;

    /// <summary>How many rows an adapter made of the vocabulary; null: as many as the configuration says.</summary>
    public int? Vocabulary { get; set; }

    /// <summary>The files' paths, the index included.</summary>
    public List<string> Paths { get; } = [];

    public static bool IsIn(string folder) => File.Exists(Path.Combine(folder, FileName)) || File.Exists(Path.Combine(folder, IndexName));

    /// <summary>What is made of a folder's checkpoint and its configuration. The result must close the checkpoint; where there is none, it is closed here.</summary>
    /// <exception cref="CheckpointException">There is none, or it is not sound.</exception>
    public static T Read<T>(string folder, Func<SafetensorsCheckpoint, JsonValue, IReadOnlyList<string>, T> read)
    {
        string path = Path.Combine(folder, "config.json");
        JsonValue config = CheckpointFile.ReadObject(path);
        SafetensorsCheckpoint checkpoint = Open(folder);
        try
        {
            return read(checkpoint, config, [path, .. checkpoint.Paths]);
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <exception cref="CheckpointException">There is none, or it is not sound.</exception>
    public static SafetensorsCheckpoint Open(string folder)
    {
        var checkpoint = new SafetensorsCheckpoint(folder);
        try
        {
            string index = Path.Combine(folder, IndexName);
            if (File.Exists(index))
            {
                checkpoint.OpenSharded(index);
            }
            else if (File.Exists(Path.Combine(folder, FileName)))
            {
                checkpoint.Add(Path.Combine(folder, FileName));
            }
            else
            {
                throw Missing(folder);
            }

            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>A tensor of the shape that the network needs.</summary>
    /// <exception cref="CheckpointException">It is missing or has another shape.</exception>
    public StoredTensor Get(string name, params int[] shape)
    {
        StoredTensor tensor = Find(name)
            ?? throw new CheckpointException($"{Folder}: the checkpoint has no tensor '{name}', which its architecture needs{(_stored.Count > 0 ? " (in the names of transformers 5)" : "")}.");
        _taken.Add(tensor.Name);
        return tensor.Shape.SequenceEqual(shape)
            ? tensor
            : throw new CheckpointException(
                $"{Folder}: tensor '{tensor.Name}' has the shape [{string.Join(", ", tensor.Shape)}], but config.json makes it [{string.Join(", ", shape)}].");
    }

    /// <summary>A tensor of any shape; null: there is none.</summary>
    public StoredTensor? Find(string name) => _tensors.GetValueOrDefault(_stored.GetValueOrDefault(name, name));

    public bool Has(string name) => Find(name) is not null;

    /// <summary>Lets tensors be asked for by a family's names, whichever spelling they are stored in.</summary>
    /// <param name="nameOf">From a stored name to the family's.</param>
    /// <exception cref="CheckpointException">Two tensors have one name.</exception>
    public void Spell(Func<string, string> nameOf)
    {
        foreach (string stored in _tensors.Keys.Order(StringComparer.Ordinal))
        {
            string name = nameOf(stored);
            if (!_stored.TryAdd(name, stored))
            {
                throw new CheckpointException($"{Folder}: the tensors '{_stored[name]}' and '{stored}' are both '{name}' in the names of transformers 5.");
            }
        }
    }

    /// <summary>Puts another tensor in the place of the one of its name.</summary>
    public void Replace(StoredTensor tensor) => _tensors[tensor.Name] = tensor;

    /// <summary>Puts other tensors in the place of all.</summary>
    public void ReplaceAll(IEnumerable<StoredTensor> tensors)
    {
        StoredTensor[] all = [.. tensors];
        _tensors.Clear();
        Array.ForEach(all, Replace);
    }

    /// <summary>Whether the network has asked for a tensor.</summary>
    public bool IsTaken(string name) => _taken.Contains(name);

    public void Dispose() => _files.ForEach(file => file.Dispose());

    /// <summary>What to say of a folder without safetensors.</summary>
    internal static CheckpointException Missing(string folder)
    {
        string? pickle = Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).FirstOrDefault(file => Pickles.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
            : null;
        return File.Exists(Path.Combine(folder, LoraConfig))
            ? new CheckpointException($"{folder}: holds a LoRA adapter, not a model. Convert the model that it was trained on, and name this folder as the adapter (--lora).")
            : pickle is null ? new CheckpointException($"{folder}: no {FileName} and no {IndexName} is there.")
            : new CheckpointException(
                $"{pickle}: this is a pickle, which can run code when it is read, so it is not read here. Save it as safetensors where you trust it: "
                + $"python -c \"import torch, safetensors.torch as s; s.save_file({{k: v.contiguous() for k, v in torch.load('{Path.GetFileName(pickle)}', map_location='cpu', weights_only=True).items()}}, '{FileName}')\"");
    }

    private void OpenSharded(string index)
    {
        Paths.Add(index);
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string tensor, JsonValue value) in CheckpointFile.ReadObject(index)["weight_map"].Object().Members())
        {
            places[tensor] = (value.IsText ? value.Text() : null) is { } file && CheckpointFile.IsPlainName(file)
                ? file
                : throw new CheckpointException($"{index}: tensor '{tensor}' must name a file of the same folder.");
        }

        foreach (string file in places.Values.Distinct().Order(StringComparer.Ordinal))
        {
            Add(Path.Combine(Folder, file));
        }

        foreach ((string name, string file) in places)
        {
            if (!_files.First(shard => Path.GetFileName(shard.Path) == file).Tensors.ContainsKey(name))
            {
                throw new CheckpointException($"{index}: says that tensor '{name}' is in {file}, but it is not.");
            }
        }
    }

    private void Add(string path)
    {
        SafetensorsFile file = SafetensorsFile.Open(path);
        _files.Add(file);
        Paths.Add(path);
        foreach ((string name, StoredTensor tensor) in file.Tensors)
        {
            if (!_tensors.TryAdd(name, tensor))
            {
                throw new CheckpointException($"{path}: the tensor '{name}' is in another file of the checkpoint too.");
            }
        }
    }
}
