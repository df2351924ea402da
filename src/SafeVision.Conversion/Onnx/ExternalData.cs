namespace SafeVision.Conversion.Onnx;

/// <summary>The file that holds a model's weights beside its graph (onnx/onnx.proto, TensorProto.external_data). Written tensor by
/// tensor, so that a model larger than memory can be written.</summary>
internal static class ExternalData
{
    private const long LargeTensor = 1 << 20;
    private const int PageAlignment = 4096; // ONNX Runtime maps what starts on a page instead of copying it
    private const int VectorAlignment = 64;

    private static readonly byte[] s_zeros = new byte[PageAlignment];

    /// <summary>Writes the tensors, tells their initializers where they are, and returns the file's size and its hash.</summary>
    public static (long Size, string Sha256) Write(string path, IReadOnlyList<DeferredTensor> tensors, Action<long> written, CancellationToken cancellationToken)
    {
        using var file = new BackgroundFile(path);
        using var measured = new MeasuredStream(file, written, cancellationToken);
        foreach (DeferredTensor tensor in tensors)
        {
            Align(measured, tensor.Length >= LargeTensor ? PageAlignment : VectorAlignment);
            long offset = measured.Position;
            tensor.Write(measured);
            if (measured.Position - offset != tensor.Length)
            {
                throw new InvalidOperationException($"'{tensor.Proto.Name}' wrote {measured.Position - offset} bytes, not {tensor.Length}.");
            }

            tensor.Proto.DataLocation = TensorProto.Types.DataLocation.External;
            Add(tensor.Proto, "location", Path.GetFileName(path));
            Add(tensor.Proto, "offset", offset.ToString(CultureInfo.InvariantCulture));
            Add(tensor.Proto, "length", tensor.Length.ToString(CultureInfo.InvariantCulture));
        }

        return (measured.Position, file.Finish());
    }

    private static void Align(MeasuredStream stream, int alignment)
    {
        int padding = (int)((alignment - (stream.Position % alignment)) % alignment);
        stream.Write(s_zeros.AsSpan(0, padding));
    }

    private static void Add(TensorProto tensor, string key, string value) =>
        tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
}

/// <summary>An initializer whose bytes are made while the file is written.</summary>
/// <param name="Proto">The initializer, still without its bytes.</param>
/// <param name="Length">How many bytes it has.</param>
internal sealed record DeferredTensor(TensorProto Proto, long Length, Action<Stream> Write);

/// <summary>Tells how much was written, and ends the writing when it is cancelled.</summary>
internal sealed class MeasuredStream(Stream inner, Action<long> written, CancellationToken cancellationToken) : ForwardStream
{
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        cancellationToken.ThrowIfCancellationRequested();
        inner.Write(buffer);
        Written += buffer.Length;
        written(Written);
    }

    public override void Flush() => inner.Flush();
}

/// <summary>A stream that is only written, from its beginning to its end.</summary>
internal abstract class ForwardStream : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => Written;

    public override long Position
    {
        get => Written;
        set => throw new NotSupportedException();
    }

    protected long Written { get; set; }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public abstract override void Write(ReadOnlySpan<byte> buffer);

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
