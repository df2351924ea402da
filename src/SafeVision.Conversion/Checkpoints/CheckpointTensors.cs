namespace SafeVision.Conversion.Checkpoints;

/// <summary>The tensors of a checkpoint folder or of one safetensors file, for programs that compute with them. Headers are checked
/// when it is opened; values are read when they are asked for. No pickle is ever read.</summary>
public sealed class CheckpointTensors : IDisposable
{
    private readonly IReadOnlyDictionary<string, StoredTensor> _tensors;
    private readonly IDisposable _files;

    private CheckpointTensors(string path, IReadOnlyDictionary<string, StoredTensor> tensors, IReadOnlyDictionary<string, string> metadata, IDisposable files) =>
        (Path, _tensors, Metadata, _files) = (path, tensors, metadata, files);

    /// <summary>The folder or file.</summary>
    public string Path { get; }

    /// <summary>The tensors' names.</summary>
    public IEnumerable<string> Names => _tensors.Keys;

    /// <summary>What a file says of itself (<c>__metadata__</c>); empty for a folder.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens <c>model.safetensors</c> of a folder, or the files that its index names.</summary>
    /// <exception cref="CheckpointException">There is none, or it is not sound.</exception>
    public static CheckpointTensors Open(string folder)
    {
        SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(folder);
        return new CheckpointTensors(folder, checkpoint.Tensors, new Dictionary<string, string>(), checkpoint);
    }

    /// <summary>Opens one file.</summary>
    /// <exception cref="CheckpointException">It is no sound safetensors file.</exception>
    public static CheckpointTensors OpenFile(string path)
    {
        SafetensorsFile file = SafetensorsFile.Open(path);
        return new CheckpointTensors(path, file.Tensors, file.Metadata, file);
    }

    /// <summary>A tensor's sizes; null: there is no such tensor.</summary>
    public IReadOnlyList<int>? ShapeOf(string name) => _tensors.GetValueOrDefault(name)?.Shape;

    /// <summary>A tensor's values, widened or rounded to float32, in the order of the file.</summary>
    /// <exception cref="CheckpointException">There is no such tensor.</exception>
    public float[] Read(string name) => Find(name).ToSingle();

    /// <summary>Writes a tensor's values, as many as its shape says, into memory that is there.</summary>
    /// <exception cref="CheckpointException">There is none of this name.</exception>
    /// <exception cref="ArgumentException">The memory is too small.</exception>
    public void Read(string name, Span<float> values) => Find(name).CopyTo(values);

    /// <inheritdoc />
    public void Dispose() => _files.Dispose();

    private StoredTensor Find(string name) => _tensors.GetValueOrDefault(name) ?? throw new CheckpointException($"{Path}: has no tensor '{name}'.");
}
