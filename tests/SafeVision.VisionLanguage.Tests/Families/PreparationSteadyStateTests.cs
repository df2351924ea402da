using SafeVision.Imaging;
using SafeVision.Tests.Imaging;
using SafeVision.VisionLanguage.Families;

namespace SafeVision.VisionLanguage.Tests.Families;

/// <summary>After warm-up a picture of a shape seen before costs no large memory.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class PreparationSteadyStateTests
{
    [Theory]
    [InlineData("internvl-qwen2-hf", 640, 480)]
    [InlineData("internvl-qwen2-hf", 200, 900)]
    [InlineData("smolvlm-tiny", 640, 480)]
    [InlineData("qwen2vl-tiny", 640, 480)]
    public void Planning_and_writing_allocate_next_to_nothing(string model, int width, int height)
    {
        ModelConfiguration configuration = ConfigurationFolder.Open(model);
        IImagePreparation preparation = model switch
        {
            "smolvlm-tiny" => Idefics3.Images(configuration, PreparationOptions.Default),
            "qwen2vl-tiny" => Qwen2Vl.Images(configuration),
            _ => InternVl.Images(configuration, PreparationOptions.Default),
        };
        ImageFrame frame = RawPictures.Noise(width, height);
        float[] pixels = PreparedPixels.Of(preparation, frame);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 20; i++)
        {
            preparation.Write(frame, preparation.Plan(width, height), pixels);
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 20, 0, 1000);
    }
}
