using System.Text;

namespace SafeVision.Benchmarks.Llama;

/// <summary>Writes a file of the GGUF format, version 3 (github.com/ggml-org/ggml, docs/gguf.md).</summary>
internal sealed class GgufFile
{
    private const int Alignment = 32;

    private readonly MemoryStream _header = new();
    private readonly BinaryWriter _writer;
    private readonly List<GgufTensor> _tensors = [];
    private long _entries;

    public GgufFile() => _writer = new BinaryWriter(_header);

    public void Add(GgufTensor tensor) => _tensors.Add(tensor);

    public void Set(string key, int value)
    {
        Begin(key, 4);
        _writer.Write(value);
    }

    public void Set(string key, float value)
    {
        Begin(key, 6);
        _writer.Write(value);
    }

    public void Set(string key, bool value)
    {
        Begin(key, 7);
        _writer.Write(value);
    }

    public void Set(string key, string value)
    {
        Begin(key, 8);
        Text(_writer, value);
    }

    public void Set(string key, IReadOnlyCollection<string> values) => List(key, 8, values, value => Text(_writer, value));

    public void Set(string key, IReadOnlyCollection<float> values) => List(key, 6, values, _writer.Write);

    public void Set(string key, IReadOnlyCollection<int> values) => List(key, 5, values, _writer.Write);

    public void Write(string path)
    {
        using FileStream file = File.Create(path);
        using var writer = new BinaryWriter(file);
        writer.Write("GGUF"u8);
        writer.Write(3);
        writer.Write((long)_tensors.Count);
        writer.Write(_entries);
        writer.Write(_header.ToArray());
        long offset = 0;
        foreach (GgufTensor tensor in _tensors)
        {
            Text(writer, tensor.Name);
            writer.Write(tensor.Rows == 0 ? 1 : 2);
            writer.Write((long)tensor.Columns);
            if (tensor.Rows > 0)
            {
                writer.Write((long)tensor.Rows);
            }

            writer.Write((int)tensor.Type);
            writer.Write(offset);
            offset += Aligned(tensor.Length);
        }

        writer.Flush();
        file.Position = Aligned(file.Position);
        foreach (GgufTensor tensor in _tensors)
        {
            long start = file.Position;
            tensor.Write(file);
            if (file.Position - start != tensor.Length)
            {
                throw new InvalidOperationException($"'{tensor.Name}' wrote {file.Position - start} bytes, not {tensor.Length}.");
            }

            file.Write(new byte[Aligned(file.Position) - file.Position]);
        }
    }

    private static long Aligned(long length) => (length + Alignment - 1) / Alignment * Alignment;

    private void Begin(string key, int type)
    {
        Text(_writer, key);
        _writer.Write(type);
        _entries++;
    }

    private void List<T>(string key, int type, IReadOnlyCollection<T> values, Action<T> write)
    {
        Begin(key, 9);
        _writer.Write(type);
        _writer.Write((long)values.Count);
        foreach (T value in values)
        {
            write(value);
        }
    }

    private static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((long)bytes.Length);
        writer.Write(bytes);
    }
}
