using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Quantization;

/// <summary>
/// How the large weights of a language model stand in a graph: the one place that a graph builder asks for "a linear layer
/// of this weight". A form may treat layers differently by their role and depth. Found by name through <see cref="WeightForms"/>.
/// </summary>
internal interface IWeightForm
{
    /// <summary>The name for the command line and the manifest, such as <c>float32</c>.</summary>
    string Name { get; }

    /// <summary>What published folders put behind a file's name for this form, such as <c>_q4</c>; empty for float32.</summary>
    string FileSuffix { get; }

    /// <summary>The type of the numbers between the layers, of small weights such as norms, and of the key/value cache: float or float16.</summary>
    TensorProto.Types.DataType Activations { get; }

    /// <summary>
    /// The largest difference to the plain computation, relative to the largest number of an output, that this form and
    /// summing in another order explain. Above 0.05: the root of the squared differences of one layer by that of the squares.
    /// </summary>
    double Tolerance { get; }

    /// <summary>Adds <c>y = x·Wᵀ + b</c> over the last dimension, and returns y's name.</summary>
    /// <exception cref="CheckpointException">The weight can't take this form; the message names it.</exception>
    string Linear(OnnxGraph graph, LinearLayer layer, string input);

    /// <summary>Adds the look-up of a table's rows by <paramref name="ids"/>, and returns the name of its result in <see cref="Activations"/>.</summary>
    string Embedding(OnnxGraph graph, WeightMatrix table, string ids);
}
