using SafeVision.VisionLanguage.Families;

namespace SafeVision.VisionLanguage.Tests.Families;

internal static class TokenRegions
{
    /// <summary>Inside the picture, and together as large as the whole of it without two that overlap.</summary>
    public static void AssertCover(IEnumerable<TokenRegion> regions)
    {
        TokenRegion[] all = [.. regions];
        Assert.All(all, region => Assert.True(region is { Left: >= 0, Top: >= 0, Right: <= 1, Bottom: <= 1 } && region.Left < region.Right && region.Top < region.Bottom));
        Assert.Equal(1, all.Sum(region => (region.Right - region.Left) * (double)(region.Bottom - region.Top)), 1e-4);

        // The middles of as many equal parts of the picture are each in one region only.
        Assert.Equal(all.Length, all.DistinctBy(region => (region.Left, region.Top)).Count());
        foreach ((double x, double y) in all.Select(region => ((region.Left + region.Right) / 2.0, (region.Top + region.Bottom) / 2.0)).Take(50))
        {
            Assert.Single(all, region => region.Left <= x && x < region.Right && region.Top <= y && y < region.Bottom);
        }
    }
}
