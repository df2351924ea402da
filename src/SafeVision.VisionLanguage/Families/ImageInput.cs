namespace SafeVision.VisionLanguage.Families;

/// <summary>An integer input of a vision tower besides the pixels; the tensor's own type is what the graph asks for.</summary>
/// <param name="Names">The names under which published exports know it, likeliest first.</param>
/// <param name="Shape">The tensor's shape.</param>
/// <param name="Values">The values, row by row; one value alone fills the whole tensor.</param>
internal sealed record ImageInput(IReadOnlyList<string> Names, IReadOnlyList<long> Shape, IReadOnlyList<long> Values);
