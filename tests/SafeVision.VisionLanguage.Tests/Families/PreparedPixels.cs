using SafeVision.Imaging;
using SafeVision.VisionLanguage.Families;

namespace SafeVision.VisionLanguage.Tests.Families;

internal static class PreparedPixels
{
    /// <summary>All pixel values of a picture; NaN where the preparation wrote none.</summary>
    public static float[] Of(IImagePreparation preparation, ImageFrame frame)
    {
        ImagePlan plan = preparation.Plan(frame.Width, frame.Height);
        float[] pixels = new float[plan.PixelCount];
        pixels.AsSpan().Fill(float.NaN);
        preparation.Write(frame, plan, pixels);
        return pixels;
    }

    public static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (!(Math.Abs(expected[i] - actual[i]) <= 1e-6f))
            {
                Assert.Fail($"Value {i} of {expected.Length} is {actual[i]}; expected {expected[i]}.");
            }
        }
    }
}
