namespace SafeVision.Conversion.Onnx;

/// <summary>Writes a graph to a file. Deferred weights go into the file itself while they are few; else into a second file beside
/// it, <c>NAME.onnx_data</c>, for one ONNX file may have 2 GiB only.</summary>
internal static class OnnxFile
{
    /// <summary>What is put behind a model's file name to name the file of its weights.</summary>
    public const string DataSuffix = "_data";

    /// <summary>The most bytes of deferred weights that are put into the file itself.</summary>
    public const long MostInside = 64 << 20;

    private const int BufferSize = 1 << 20;

    public static WrittenModel Write(string path, OnnxGraph graph, string producer, string version, Action<long, long> written, CancellationToken cancellationToken, long mostInside = MostInside)
    {
        long deferred = graph.DeferredTensors.Sum(tensor => tensor.Length);
        if (deferred <= mostInside)
        {
            foreach (DeferredTensor tensor in graph.DeferredTensors)
            {
                cancellationToken.ThrowIfCancellationRequested();
                tensor.Proto.RawData = Bytes(tensor);
            }

            deferred = 0;
        }

        long weights = graph.Proto.Initializer.Sum(tensor => (long)tensor.RawData.Length);
        if (weights > int.MaxValue - (64 << 20))
        {
            throw new CheckpointException($"{path}: {weights} bytes of weights do not fit one ONNX file, which may have 2 GiB.");
        }

        ModelProto model = graph.ToModel(producer, version);
        long data = 0;
        string? hash = null;
        if (deferred > 0)
        {
            long estimate = deferred + model.CalculateSize();
            (data, hash) = ExternalData.Write(path + DataSuffix, graph.DeferredTensors, done => written(Math.Min(done, estimate), estimate), cancellationToken);
        }

        long size = data + model.CalculateSize();
        using FileStream file = File.Create(path);
        using var measured = new MeasuredStream(file, done => written(data + done, size), cancellationToken);
        using var output = new CodedOutputStream(measured, BufferSize, leaveOpen: true);
        model.WriteTo(output);
        output.Flush();
        file.Flush(flushToDisk: true);
        return new WrittenModel(size, hash);
    }

    private static ByteString Bytes(DeferredTensor tensor)
    {
        byte[] bytes = new byte[tensor.Length];
        using var stream = new MemoryStream(bytes);
        tensor.Write(stream);
        return stream.Position == tensor.Length
            ? UnsafeByteOperations.UnsafeWrap(bytes)
            : throw new InvalidOperationException($"'{tensor.Proto.Name}' wrote {stream.Position} bytes, not {tensor.Length}.");
    }
}

/// <summary>The files of a model that was written.</summary>
/// <param name="DataSha256">The hash of the second file, which holds the weights, in lower-case hex; null: there is only one.</param>
internal sealed record WrittenModel(long Bytes, string? DataSha256);
