namespace SafeVision.Inference;

/// <summary>
/// A node that appends keys and values in place when its past and present tensors are the same memory.
/// Source: GroupQueryAttention in ONNX Runtime's docs/ContribOperators.md.
/// </summary>
/// <param name="PastKey">Keys of the past tokens; empty where the node keeps none.</param>
/// <param name="PastValue">Values of the past tokens.</param>
/// <param name="PresentKey">Keys with the new tokens.</param>
/// <param name="PresentValue">Values with the new tokens.</param>
/// <param name="Heads">Query heads; 0 where the node does not say.</param>
/// <param name="KeyValueHeads">Key and value heads; 0 where the node does not say.</param>
public sealed record OnnxGroupQueryAttention(
    string PastKey, string PastValue, string PresentKey, string PresentValue, int Heads, int KeyValueHeads);
