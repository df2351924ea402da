namespace SafeVision.Conversion.Onnx;

/// <summary>An initializer whose bytes are made while the file is written.</summary>
/// <param name="Proto">The initializer, still without its bytes.</param>
/// <param name="Length">How many bytes it has.</param>
/// <param name="Write">Writes them.</param>
internal sealed record DeferredTensor(TensorProto Proto, long Length, Action<Stream> Write);
