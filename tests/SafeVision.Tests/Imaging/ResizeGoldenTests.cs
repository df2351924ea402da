using System.Security.Cryptography;
using System.Text.Json;
using SafeVision.Imaging;

namespace SafeVision.Tests.Imaging;

/// <summary>Every recorded answer of Pillow's <c>Image.resize</c>, bit for bit.</summary>
public sealed class ResizeGoldenTests
{
    private static readonly JsonElement[] s_cases =
    [
        .. JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "resize", "cases.json")))
            .RootElement.GetProperty("cases").EnumerateArray(),
    ];

    public static TheoryData<int, string> Cases
    {
        get
        {
            var data = new TheoryData<int, string>();
            for (int i = 0; i < s_cases.Length; i++)
            {
                JsonElement c = s_cases[i];
                data.Add(i, $"{c.GetProperty("source")} to {c.GetProperty("size")} {c.GetProperty("filter")} {(c.TryGetProperty("options", out JsonElement o) ? o : "")}");
            }

            return data;
        }
    }

    [Fact]
    public void The_fixtures_hold_all_recorded_answers() => Assert.Equal(204, s_cases.Length);

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_bytes_are_those_that_Pillow_makes(int index, string name)
    {
        JsonElement golden = s_cases[index];
        Picture source = Picture.Read(Layout(golden), "resize", golden.GetProperty("source").GetString()!);
        Assert.Equal([source.Width, source.Height], Numbers(golden.GetProperty("source_size")));

        Picture resized = source.Resize(Options(golden));

        foreach (JsonElement probe in golden.GetProperty("probes").EnumerateArray())
        {
            int[] values = Numbers(probe);
            int offset = (values[0] * resized.Width + values[1]) * resized.Channels;
            Assert.Equal(values[2..], resized.Pixels.AsSpan(offset, resized.Channels).ToArray().Select(value => (int)value));
        }

        Assert.True(
            string.Equals(golden.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(resized.Pixels)), StringComparison.Ordinal), name);
    }

    private static PixelLayout Layout(JsonElement golden) => golden.GetProperty("mode").GetString() switch
    {
        "L" => PixelLayout.Gray8,
        "LA" => PixelLayout.GrayAlpha16,
        "RGB" => PixelLayout.Rgb24,
        _ => PixelLayout.Rgba32,
    };

    private static ResizeOptions Options(JsonElement golden)
    {
        int[] size = Numbers(golden.GetProperty("size"));
        var options = new ResizeOptions(
            size[0], size[1], Enum.Parse<ResampleFilter>(golden.GetProperty("filter").GetString()!, ignoreCase: true));
        if (!golden.TryGetProperty("options", out JsonElement extra))
        {
            return options;
        }

        if (extra.TryGetProperty("box", out JsonElement box))
        {
            float[] edges = [.. box.EnumerateArray().Select(edge => edge.GetSingle())];
            options = options with { Box = new ResampleBox(edges[0], edges[1], edges[2], edges[3]) };
        }

        return extra.TryGetProperty("reducing_gap", out JsonElement gap) ? options with { ReducingGap = gap.GetDouble() } : options;
    }

    private static int[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(number => number.GetInt32())];
}
