namespace SafeVision.Benchmarks.Checkpoints;

/// <summary>A tensor of normally distributed numbers.</summary>
/// <param name="Name">The name in the checkpoint.</param>
/// <param name="Mean">Their mean: 1 for the gains of norms, 0 for the rest.</param>
/// <param name="Shape">The shape.</param>
internal sealed record RandomTensor(string Name, float Mean, params int[] Shape)
{
    /// <summary>The standard deviation that such models are initialised with.</summary>
    public const float Deviation = 0.02f;

    public long Count => Shape.Aggregate(1L, (product, size) => product * size);

    public static RandomTensor Weight(string name, params int[] shape) => new(name, 0, shape);

    public static RandomTensor Gain(string name, int size) => new(name, 1, size);

    /// <summary>A fully connected layer's weight and bias.</summary>
    public static IEnumerable<RandomTensor> Dense(string name, int outputs, int inputs) => [Weight($"{name}.weight", outputs, inputs), Weight($"{name}.bias", outputs)];

    /// <summary>A layer norm's gain and bias.</summary>
    public static IEnumerable<RandomTensor> Norm(string name, int size) => [Gain($"{name}.weight", size), Weight($"{name}.bias", size)];
}
