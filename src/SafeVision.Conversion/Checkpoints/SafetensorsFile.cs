using System.Buffers.Binary;
using System.Text.Json;

namespace SafeVision.Conversion.Checkpoints;

/// <summary>
/// One file of the safetensors format: eight bytes of header length, a JSON header, the tensors without holes
/// (github.com/huggingface/safetensors, README "Format"). Everything is checked before a tensor is handed out.
/// </summary>
internal sealed class SafetensorsFile : IDisposable
{
    /// <summary>
    /// The longest header in bytes. The format allows three times as many, which would take gigabytes to read; the largest
    /// models, whose tensors are spread over many files, stay far below.
    /// </summary>
    internal const int LargestHeader = 32 << 20;

    private readonly MappedFile _file;
    private readonly Dictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);

    private SafetensorsFile(MappedFile file) => _file = file;

    public string Path => _file.Path;

    public IReadOnlyDictionary<string, StoredTensor> Tensors => _tensors;

    /// <exception cref="CheckpointException">It is not a sound safetensors file.</exception>
    public static SafetensorsFile Open(string path)
    {
        var result = new SafetensorsFile(new MappedFile(path));
        try
        {
            result.ReadHeader();
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();

    private void ReadHeader()
    {
        if (_file.Length < 8)
        {
            throw Error($"has {_file.Length} bytes, too few for a safetensors file");
        }

        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(_file.Slice(0, 8).Span);
        if (length > LargestHeader || length > (ulong)_file.Length - 8)
        {
            throw Error($"says that its header has {length} bytes, but it has {_file.Length} bytes and a header may have {LargestHeader}; it is damaged or no safetensors file");
        }

        try
        {
            using JsonDocument header = JsonDocument.Parse(_file.Slice(8, (int)length), new JsonDocumentOptions { MaxDepth = 8 });
            ReadTensors(header.RootElement, 8 + (long)length);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new CheckpointException($"{Path}: the safetensors header is not valid JSON. {exception.Message}", exception);
        }
    }

    private void ReadTensors(JsonElement header, long dataStart)
    {
        if (header.ValueKind != JsonValueKind.Object)
        {
            throw Error("has a header that is not a JSON object");
        }

        var extents = new List<(long Begin, long End, string Name)>();
        foreach (JsonProperty entry in header.EnumerateObject())
        {
            if (entry.Name == "__metadata__")
            {
                continue;
            }

            SafetensorsEntry parsed = SafetensorsEntry.Parse(Path, entry.Name, entry.Value);
            if (parsed.End > _file.Length - dataStart)
            {
                throw Error($"ends before the data of tensor '{entry.Name}' does ({parsed.Begin} to {parsed.End} of {_file.Length - dataStart}); copy the file again");
            }

            ReadOnlyMemory<byte> bytes = _file.Slice(dataStart + parsed.Begin, (int)(parsed.End - parsed.Begin));
            if (!_tensors.TryAdd(entry.Name, new StoredTensor(entry.Name, parsed.Shape, parsed.Element, bytes)))
            {
                throw Error($"names the tensor '{entry.Name}' twice");
            }

            extents.Add((parsed.Begin, parsed.End, entry.Name));
        }

        long expected = 0;
        foreach ((long begin, long end, string name) in extents.Order())
        {
            if (begin != expected)
            {
                throw Error($"has a tensor '{name}' that starts at {begin} where {expected} was due: tensors overlap or leave a hole");
            }

            expected = end;
        }

        if (expected != _file.Length - dataStart)
        {
            throw Error($"has {_file.Length - dataStart - expected} bytes behind its last tensor");
        }
    }

    private CheckpointException Error(string problem) => new($"{Path}: {problem}.");
}
