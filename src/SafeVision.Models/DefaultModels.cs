using System.Reflection;
using SafeVision.Assessments;
using SafeVision.Engines.ClosedSet;
using SafeVision.Policies;

namespace SafeVision.Models;

/// <summary>The models in this package. Nothing is downloaded; their bytes are resources of the assembly.</summary>
public static class DefaultModels
{
    private static readonly Assembly Assembly = typeof(DefaultModels).Assembly;

    /// <summary>Tells pornography, suggestive images and drawings of them from ordinary images (MobileNetV2, 224 pixels).</summary>
    public static ModelPackage Nsfw => Open("nsfw-mobilenet-v2-mid");

    /// <summary>Names what a photograph shows, out of a thousand things (EfficientNet-Lite0, 224 pixels).</summary>
    public static ModelPackage Objects => Open("efficientnet-lite0");

    /// <summary>Tells what a drawing, an emoji or a sign shows, from the features of <see cref="Objects"/>.</summary>
    public static ModelPackage Drawings => Open("drawn-symbols");

    /// <summary>Says what English words mean, and which labels of the models have those meanings.</summary>
    public static ModelPackage Taxonomy => Open("taxonomy");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ModelPackage> All => [Nsfw, Objects, Drawings, Taxonomy];

    /// <summary>What of a policy these models can judge, in the policy's order. No network is loaded, so that it takes milliseconds.</summary>
    public static IReadOnlyList<CategoryCoverage> CoverageOf(SafetyPolicy policy) => ClassifierEngine.CoverageOf(policy, Taxonomy, [Nsfw, Objects], Drawings);

    private static ModelPackage Open(string name) => ModelPackage.Open(ModelFolder.Embedded(Assembly, name));
}
