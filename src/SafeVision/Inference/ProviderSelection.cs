namespace SafeVision.Inference;

/// <summary>Which provider a model runs on, and why not on one that was wanted more.</summary>
/// <param name="Requested">The providers asked for, best first.</param>
/// <param name="Selected">The provider in use.</param>
/// <param name="Rejections">Why each better one is not in use, in order; empty when the first choice was met.</param>
public sealed record ProviderSelection(
    IReadOnlyList<ExecutionProvider> Requested,
    ExecutionProvider Selected,
    IReadOnlyList<string> Rejections)
{
    /// <summary>Whether a provider other than the first choice is in use.</summary>
    public bool IsFallback => Rejections.Count > 0;
}
