using SafeVision.Policies;
using SafeVision.Tests.Imaging;

namespace SafeVision.Tests;

/// <summary>After warm-up, a check costs little memory: nothing of a picture's size is allocated anew.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class GuardrailSteadyStateTests
{
    private const int Images = 200;
    private const int MostBytesAnImage = 8 * 1024;

    /// <summary>Objects from here on go to the large-object heap.</summary>
    private const int LargeObject = 85_000;

    [Fact]
    public async Task Checking_an_image_allocates_at_most_eight_kilobytes_and_no_large_object()
    {
        ImageSource image = ImageSource.FromBytes(ImageFixtures.Bytes("src/jpeg_224_photo.jpg"));
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(SafetyPolicy.Starter).UseDefaultModels());
        for (int i = 0; i < 30; i++)
        {
            await guardrail.CheckAsync(image);
        }

        long before = GC.GetTotalAllocatedBytes(precise: true);
        for (int i = 0; i < Images; i++)
        {
            await guardrail.CheckAsync(image);
        }

        Assert.InRange((GC.GetTotalAllocatedBytes(precise: true) - before) / Images, 1, MostBytesAnImage);
        Assert.True(MostBytesAnImage < LargeObject);
    }
}
