namespace SafeVision.Inference;

/// <summary>A device that an execution provider can run on.</summary>
/// <param name="Provider">The provider's name in ONNX Runtime.</param>
/// <param name="Kind"><c>cpu</c>, <c>gpu</c> or <c>npu</c>.</param>
/// <param name="Vendor">The device's vendor as ONNX Runtime reports it.</param>
public sealed record ProviderDevice(string Provider, string Kind, string Vendor);
