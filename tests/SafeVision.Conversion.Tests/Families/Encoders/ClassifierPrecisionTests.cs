using SafeVision.Conversion.Tests.Families.VisionLanguage;
using SafeVision.Models;

namespace SafeVision.Conversion.Tests.Families.Encoders;

/// <summary>What precisions do to the logits of the fixtures, which vary by 1.8 (ViT), 3.1 (SigLIP) and 4.2 (ConvNeXt).</summary>
public sealed class ClassifierPrecisionTests
{
    [Theory]
    [InlineData("tiny-vit", "float16", 0.005)]
    [InlineData("tiny-siglip-cls", "float16", 0.005)]
    [InlineData("tiny-convnext", "float16", 0.005)]
    [InlineData("tiny-vit", "int8", 0.1)]
    [InlineData("tiny-siglip-cls", "int8", 0.1)]
    [InlineData("tiny-convnext", "int8", 0.1)]
    [InlineData("tiny-vit", "int4", 0.1)]
    [InlineData("tiny-siglip-cls", "int4", 0.1)]
    [InlineData("tiny-convnext", "int4", 0.1)]
    public async Task A_precision_moves_logits_by_no_more_than_this(string checkpoint, string precision, float bound)
    {
        using var folder = new TemporaryFolder();
        ConversionResult result = await ModelConverter.ConvertAsync(
            new ConversionOptions { Source = Fixture.PathOf($"classifiers/{checkpoint}"), Destination = folder.PathOf("model"), Precision = precision });
        Assert.Equal(precision, result.Manifest.Converted!.Options["precision"]);
        Dictionary<string, Golden> goldens = Golden.ReadFrom($"classifiers/{checkpoint}");
        float[] logits = EncoderRun.Run(folder.PathOf("model/model.onnx"), "pixel_values", goldens["pixel_values"], "logits");
        Numbers.Close(goldens["logits"].Numbers, logits, bound);
        Assert.NotEqual(goldens["logits"].Numbers, logits);

        ModelSelfTest examination = await ModelSelfTest.RunAsync(ModelPackage.Open(folder.PathOf("model")), new Inference.ExecutionOptions());
        Assert.True(examination.IsSound);
    }
}
