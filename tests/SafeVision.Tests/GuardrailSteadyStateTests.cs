using SafeVision.Policies;
using SafeVision.Tests.Fakes;
using SafeVision.Tests.Imaging;

namespace SafeVision.Tests;

/// <summary>After warm-up, a check costs little memory: nothing of a picture's size is allocated anew.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class GuardrailSteadyStateTests(DefaultGuardrail guardrail) : IClassFixture<DefaultGuardrail>
{
    private const int Images = 100;
    private const int MostBytesAnImage = 8 * 1024;

    /// <summary>Objects from here on go to the large-object heap.</summary>
    private const int LargeObject = 85_000;

    [Theory]
    [InlineData("tests/SafeVision.Tests/Fixtures/images/src/jpeg_224_photo.jpg")]
    [InlineData("samples/images/china.jpg")]
    public async Task Checking_an_image_allocates_at_most_eight_kilobytes_and_no_large_object(string photo)
    {
        ImageSource image = ImageSource.FromBytes(await File.ReadAllBytesAsync(Repository.PathOf(photo)));
        for (int i = 0; i < 20; i++)
        {
            await guardrail.CheckAsync(SafetyPolicy.Starter, image);
        }

        long[] allocated = new long[Images];
        for (int i = 0; i < Images; i++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            await guardrail.CheckAsync(SafetyPolicy.Starter, image);
            allocated[i] = GC.GetTotalAllocatedBytes(precise: true) - before;
        }

        Assert.InRange(allocated.Average(), 1, MostBytesAnImage);
        Assert.InRange(allocated.Max(), 1, LargeObject - 1);
    }
}
