namespace SafeVision.Conversion.Quantization;

/// <summary>The forms that weights can take; the only place that lists them.</summary>
internal static class WeightForms
{
    public static IReadOnlyList<IWeightForm> All { get; } = [new Float32Form(), new Float16Form(), new Int8Form(), new Int4Form(32), new Int4Form(64), new Int4Form(128)];

    /// <exception cref="CheckpointException">There is none of this name; the message lists them.</exception>
    public static IWeightForm Find(string name) => All.FirstOrDefault(form => form.Name == name)
        ?? throw new CheckpointException($"'{name}' is no precision; these are: {string.Join(", ", All.Select(form => form.Name))}.");
}
