namespace SafeVision.Inference;

/// <summary>An operator that a graph uses, or a function that a model defines.</summary>
/// <param name="Domain">Empty for the standard operators, which may also be written <c>ai.onnx</c>.</param>
/// <param name="Name">Such as <c>MatMul</c>.</param>
internal readonly record struct OnnxOperator(string Domain, string Name)
{
    public override string ToString() => $"{(Domain.Length == 0 ? "ai.onnx" : Domain)}:{Name}";
}
