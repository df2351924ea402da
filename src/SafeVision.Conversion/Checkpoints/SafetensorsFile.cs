namespace SafeVision.Conversion.Checkpoints;

/// <summary>One file of the safetensors format: eight bytes of header length, a JSON header, the tensors without holes
/// (github.com/huggingface/safetensors, README "Format"). Everything is checked before a tensor is handed out.</summary>
internal sealed class SafetensorsFile : IDisposable
{
    /// <summary>The longest header in bytes. The format allows three times as many, which would take gigabytes to read; the largest
    /// models, whose tensors are spread over many files, stay far below.</summary>
    internal const int LargestHeader = 32 << 20;
    private const int LongestName = 512;

    private readonly MappedFile _file;
    private readonly Dictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);

    private SafetensorsFile(MappedFile file) => _file = file;

    public string Path => _file.Path;

    public IReadOnlyDictionary<string, StoredTensor> Tensors => _tensors;

    /// <summary>What the file says of itself (<c>__metadata__</c>); texts only.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; private set; } = new Dictionary<string, string>();

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
        Require(_file.Length >= 8, $"has {_file.Length} bytes, too few for a safetensors file");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(_file.Slice(0, 8).Span);
        Require(
            length <= LargestHeader && length <= (ulong)_file.Length - 8,
            $"says that its header has {length} bytes, but it has {_file.Length} bytes and a header may have {LargestHeader}; it is damaged or no safetensors file");
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
        Require(header.ValueKind == JsonValueKind.Object, "has a header that is not a JSON object");
        var extents = new List<(long Begin, long End, string Name)>();
        foreach (JsonProperty entry in header.EnumerateObject())
        {
            if (entry.Name == "__metadata__")
            {
                Metadata = entry.Value.ValueKind == JsonValueKind.Object
                    ? entry.Value.EnumerateObject().Where(text => text.Value.ValueKind == JsonValueKind.String).DistinctBy(text => text.Name).ToDictionary(text => text.Name, text => text.Value.GetString()!)
                    : Metadata;
                continue;
            }

            Require(entry.Name.Length <= LongestName, $"names a tensor with {entry.Name.Length} characters; at most {LongestName} are read");
            SafetensorsEntry parsed = SafetensorsEntry.Parse(Path, entry.Name, entry.Value);
            Require(
                parsed.End <= _file.Length - dataStart,
                $"ends before the data of tensor '{entry.Name}' does ({parsed.Begin} to {parsed.End} of {_file.Length - dataStart}); copy the file again");
            ReadOnlyMemory<byte> bytes = _file.Slice(dataStart + parsed.Begin, (int)(parsed.End - parsed.Begin));
            Require(_tensors.TryAdd(entry.Name, new StoredTensor(entry.Name, parsed.Shape, parsed.Element, bytes)), $"names the tensor '{entry.Name}' twice");
            extents.Add((parsed.Begin, parsed.End, entry.Name));
        }

        long expected = 0;
        foreach ((long begin, long end, string name) in extents.Order())
        {
            Require(begin == expected, $"has a tensor '{name}' that starts at {begin} where {expected} was due: tensors overlap or leave a hole");
            expected = end;
        }

        Require(expected == _file.Length - dataStart, $"has {_file.Length - dataStart - expected} bytes behind its last tensor");
    }

    private void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw new CheckpointException($"{Path}: {problem}.");
        }
    }
}

/// <summary>One tensor's entry in a safetensors header.</summary>
internal sealed record SafetensorsEntry(TensorElement Element, int[] Shape, long Begin, long End)
{
    public static SafetensorsEntry Parse(string path, string name, JsonElement json)
    {
        CheckpointException Error(string problem) => new($"{path}: tensor '{name}' {problem}.");

        if (json.ValueKind != JsonValueKind.Object
            || !json.TryGetProperty("dtype", out JsonElement type) || type.ValueKind != JsonValueKind.String
            || !json.TryGetProperty("shape", out JsonElement sizes) || sizes.ValueKind != JsonValueKind.Array
            || !json.TryGetProperty("data_offsets", out JsonElement offsets) || offsets.ValueKind != JsonValueKind.Array
            || offsets.GetArrayLength() != 2)
        {
            throw Error("needs dtype, shape and two data_offsets");
        }

        TensorElement element = TensorElements.Find(type.GetString()!)
            ?? throw Error($"has the type '{type.GetString()}', which is not read here; save it as F32, F16, BF16, I64 or U8");

        if (sizes.GetArrayLength() > 8)
        {
            throw Error($"has {sizes.GetArrayLength()} dimensions; at most 8 are read");
        }

        int[] shape = new int[sizes.GetArrayLength()];
        Int128 bytes = element.Bytes(); // 8 factors below 2^31 could wrap around in 64 bits, and so could the last step here
        for (int i = 0; i < shape.Length; i++)
        {
            if (sizes[i].ValueKind != JsonValueKind.Number || !sizes[i].TryGetInt32(out shape[i]) || shape[i] < 0)
            {
                throw Error($"has the size {Excerpt(sizes[i])} in its shape");
            }

            bytes *= shape[i];
            if (bytes > int.MaxValue)
            {
                throw Error("is larger than 2 GiB, more than one tensor may be");
            }
        }

        if (!TryOffset(offsets[0], out long begin) || !TryOffset(offsets[1], out long end) || begin > end)
        {
            throw Error($"has the data_offsets {Excerpt(offsets)}");
        }

        return end - begin == (long)bytes
            ? new SafetensorsEntry(element, shape, begin, end)
            : throw Error($"of shape [{string.Join(", ", shape)}] takes {bytes} bytes, but its data_offsets span {end - begin}");
    }

    private static bool TryOffset(JsonElement json, out long value)
    {
        value = 0;
        return json.ValueKind == JsonValueKind.Number && json.TryGetInt64(out value) && value >= 0;
    }

    private static string Excerpt(JsonElement json) => json.GetRawText() is { Length: > 60 } text ? text[..60] + "…" : json.GetRawText();
}
