namespace SafeVision.VisionLanguage;

/// <summary>The vision tower's tensors by the graph's own names.</summary>
/// <param name="PixelValues">The pixels.</param>
/// <param name="OtherInputs">What else it takes: the graph's name → the usual name, by which a family knows it.</param>
/// <param name="ImageFeatures">One vector for each image token, [tokens, width] or [tiles, tokens, width].</param>
internal sealed record VisionNames(string PixelValues, IReadOnlyDictionary<string, string> OtherInputs, string ImageFeatures)
{
    /// <exception cref="Inference.ModelLoadException">A tensor is missing or of another form; the message names file and tensor.</exception>
    public static VisionNames Read(GraphSignature graph, TensorNaming naming)
    {
        string pixels = graph.RequireFloats(graph.Input(naming.PixelValues, orOnly: true), 2, 4, 5).Name;
        string features = graph.RequireFloats(graph.Output(naming.ImageFeatures, orOnly: true), 2, 3).Name;
        var usual = naming.VisionInputs.DistinctBy(name => name.Value).ToDictionary(name => name.Value, name => name.Key);
        return new VisionNames(
            pixels,
            graph.Inputs.Keys.Where(name => name != pixels).ToDictionary(name => name, name => usual.GetValueOrDefault(name, name)),
            features);
    }
}
