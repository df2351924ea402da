using System.Security.Cryptography;
using System.Text.Json;
using SafeVision.Imaging;
using SafeVision.Tests.Imaging;
using SafeVision.VisionLanguage.Families;

namespace SafeVision.VisionLanguage.Tests.Families;

/// <summary>The families' resize is Pillow 13's, which takes the columns first where the height shrinks by more than twice what the width does.</summary>
public sealed class ReferenceResizeTests
{
    private static readonly JsonElement[] s_cases =
    [
        .. JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "resize", "cases.json"))).RootElement.GetProperty("cases").EnumerateArray()
            .Where(golden => !golden.TryGetProperty("options", out _) && golden.GetProperty("mode").GetString() is "RGB" or "L"),
    ];

    [Fact]
    public void Every_recorded_case_is_equal_bit_for_bit()
    {
        int columnsFirst = 0;
        foreach (JsonElement golden in s_cases)
        {
            PixelLayout layout = golden.GetProperty("mode").GetString() == "L" ? PixelLayout.Gray8 : PixelLayout.Rgb24;
            Picture source = Picture.Read(layout, "resize", golden.GetProperty("source").GetString()!);
            int[] size = [.. golden.GetProperty("size").EnumerateArray().Select(side => side.GetInt32())];
            bool differs = golden.TryGetProperty("pillow13_sha256", out JsonElement hash);
            columnsFirst += differs ? 1 : 0;

            byte[] resized = new byte[size[0] * size[1] * (int)layout];
            var sink = new PixelRows(resized, size[0] * (int)layout);
            var view = new PackedPixels(source.Pixels, source.Width, source.Height, layout);
            ReferenceResize.Run(view, size[0], size[1], Enum.Parse<ResampleFilter>(golden.GetProperty("filter").GetString()!, ignoreCase: true), ref sink);

            Assert.Equal(differs ? hash.GetString() : golden.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(resized)));
        }

        Assert.True(columnsFirst >= 5, $"{columnsFirst} cases with the columns first test little.");
    }

    [Theory]
    [InlineData(100, 100, 98, 95, true)] // 5 rows less, 2 columns less
    [InlineData(100, 100, 98, 96, false)]
    [InlineData(100, 100, 120, 99, true)] // the width grows
    [InlineData(100, 100, 100, 99, true)]
    [InlineData(100, 100, 50, 100, false)]
    [InlineData(33, 65, 7, 5, true)]
    public void The_order_is_that_of_the_reference(int width, int height, int newWidth, int newHeight, bool isColumnsFirst) =>
        Assert.Equal(isColumnsFirst, ReferenceResize.IsColumnsFirst(width, height, newWidth, newHeight));
}
