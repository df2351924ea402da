using System.Text.Json;
using SafeVision.Imaging;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Imaging;

/// <summary>Images from the field that showed one thing to their viewers and another to the judge: all of them show a cat somewhere.</summary>
public sealed class FieldImagesTests(DefaultGuardrail guardrail) : IClassFixture<DefaultGuardrail>
{
    private static readonly SafetyPolicy s_noCats = SafetyPolicy.FromFile(Repository.PathOf("samples/policies/no-cats.yaml"));

    public static TheoryData<string, string> Files => new()
    {
        { "alpha-mirage", "mirage.png" },
        { "alpha-mirage", "white_on_transparent.png" },
        { "animation-held-frame", "held_frame.gif" },
        { "bmp-zero-alpha", "bmp_v5_alpha0.bmp" },
        { "bmp-zero-alpha", "bmp_v5_alpha255.bmp" },
        { "png-gamma-trick", "gamma_hidden.png" },
        { "tiff-subifd-thumbnail", "subifd.dng" },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public async Task What_a_viewer_shows_is_judged(string folder, string file)
    {
        using var expected = JsonDocument.Parse(ImageFixtures.Bytes($"../field/{folder}/expected.json"));
        string should = expected.RootElement.GetProperty("should").GetString()!;

        GuardrailResult result = await guardrail.CheckAsync(s_noCats, ImageSource.FromFile(ImageFixtures.PathOf($"../field/{folder}/{file}")));

        Assert.Contains(result.Decision.ToString().ToLowerInvariant(), should, StringComparison.Ordinal);
        Assert.Null(result.Failure);
    }

    [Theory]
    [InlineData("alpha-mirage/mirage.png", ImageRendering.OnBlack, " page")]
    [InlineData("animation-held-frame/held_frame.gif", ImageRendering.Default, "in frame 3")]
    public async Task The_result_says_which_of_several_views_it_is_about(string file, ImageRendering rendering, string explanation)
    {
        GuardrailResult result = await guardrail.CheckAsync(s_noCats, ImageSource.FromFile(ImageFixtures.PathOf($"../field/{file}")));

        Finding finding = Assert.Single(result.Findings, finding => finding.Verdict == Verdict.Unsafe);
        Assert.Equal(rendering == ImageRendering.Default, finding.Rendering == ImageRendering.Default);
        Assert.Contains(explanation, result.Explanation, StringComparison.Ordinal);
        string json = JsonSerializer.Serialize(result, GuardrailJson.Default.GuardrailResult);
        Assert.Equal(rendering != ImageRendering.Default, json.Contains("\"rendering\":\"on", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_that_only_stands_for_an_image_is_named()
    {
        GuardrailResult sidecar = await guardrail.CheckAsync(s_noCats, ImageSource.FromFile(ImageFixtures.PathOf("../field/appledouble-in-check/dot_underscore_x.jpg")));
        Assert.Equal(FailureReason.Unsupported, sidecar.Failure?.Reason);
        Assert.Contains("AppleDouble", sidecar.Failure?.Message, StringComparison.Ordinal);

        byte[] pointer = [.. "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n"u8];
        GuardrailResult lfs = await guardrail.CheckAsync(s_noCats, ImageSource.FromBytes(pointer));
        Assert.Equal(FailureReason.Unsupported, lfs.Failure?.Reason);
        Assert.Contains("git lfs pull", lfs.Failure?.Message, StringComparison.Ordinal);
    }
}
