using System.Reflection;

namespace SafeVision.Models;

/// <summary>The models in this package. Nothing is downloaded; their bytes are resources of the assembly.</summary>
public static class DefaultModels
{
    private static readonly Assembly Assembly = typeof(DefaultModels).Assembly;

    /// <summary>Tells pornography, suggestive pictures and drawings of them from ordinary pictures (MobileNetV2, 224 pixels).</summary>
    public static ModelPackage Nsfw => Open("nsfw-mobilenet-v2-mid");

    /// <summary>Names what a photograph shows, out of a thousand things (EfficientNet-Lite0, 224 pixels).</summary>
    public static ModelPackage Objects => Open("efficientnet-lite0");

    /// <summary>Tells what a drawing, an emoji or a sign shows, from the features of <see cref="Objects"/>.</summary>
    public static ModelPackage Drawings => Open("drawn-symbols");

    /// <summary>Says how close two phrases are in meaning (all-MiniLM-L6-v2).</summary>
    public static ModelPackage Phrases => Open("all-minilm-l6-v2");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ModelPackage> All => [Nsfw, Objects, Drawings, Phrases];

    private static ModelPackage Open(string name) => ModelPackage.Open(ModelFolder.Embedded(Assembly, name));
}
