using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Quantization;

/// <summary>A linear layer that a graph builder asks a form for.</summary>
/// <param name="Name">Its name in the graph.</param>
/// <param name="Weight">[out, in].</param>
/// <param name="Bias">[out], or null: none, or another node adds it.</param>
/// <param name="Role">What it does.</param>
/// <param name="Depth">Which layer of its tower it is in, from 0.</param>
/// <param name="Layers">How many layers that tower has.</param>
internal sealed record LinearLayer(string Name, WeightMatrix Weight, float[]? Bias, LinearRole Role, int Depth, int Layers);
