namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

/// <summary>Compares lists of numbers.</summary>
internal static class Numbers
{
    public static void Close(float[] expected, float[] actual, float tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance, $"number {i}: {actual[i]} instead of {expected[i]}");
        }
    }
}
