using Google.Protobuf;

namespace SafeVision.Conversion.Onnx;

/// <summary>Writes a graph to a file.</summary>
internal static class OnnxFile
{
    private const int BufferSize = 1 << 20;

    /// <summary>Writes the model and returns its size.</summary>
    public static long Write(string path, OnnxGraph graph, string producer, string version, Action<long, long> written, CancellationToken cancellationToken)
    {
        long weights = graph.Proto.Initializer.Sum(tensor => (long)tensor.RawData.Length);
        if (weights > int.MaxValue - (64 << 20))
        {
            throw new CheckpointException($"{path}: {weights} bytes of weights do not fit one ONNX file, which may have 2 GiB.");
        }

        ModelProto model = graph.ToModel(producer, version);
        long size = model.CalculateSize();
        using FileStream file = File.Create(path);
        using var measured = new MeasuredStream(file, done => written(done, size), cancellationToken);
        using var output = new CodedOutputStream(measured, BufferSize, leaveOpen: true);
        model.WriteTo(output);
        output.Flush();
        file.Flush(flushToDisk: true);
        return size;
    }
}
