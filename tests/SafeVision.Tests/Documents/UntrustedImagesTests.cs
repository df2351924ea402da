using SafeVision.Engines;
using SafeVision.Imaging;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;
using SafeVision.Tests.Imaging;

namespace SafeVision.Tests.Documents;

/// <summary>The code and the numbers of docs/untrusted-images.md.</summary>
public sealed class UntrustedImagesTests
{
    private const string Document = "docs/untrusted-images.md";

    [Fact]
    public void The_document_shows_code_that_compiles() =>
        Assert.Equal(DocumentCode.Compiled("tests/SafeVision.Tests/Documents/UntrustedImagesTests.cs"), DocumentCode.Shown(Document, "csharp"));

    [Fact]
    public async Task The_code_of_the_document_does_what_it_says()
    {
        var printed = new List<string>();
        byte[] tooLarge = new byte[9 << 20];

        await JudgeAsync(
            SafetyPolicy.Define("p", "1").Category("Cats", category => category.Includes("cats")).Build(),
            _ => ScriptedEngine.Scoring(_ => 0), new MemoryStream(tooLarge), printed.Add, CancellationToken.None);
        await DecodeAsync(ImageFixtures.PathOf("src/gif_animated_disposal2.gif"), printed.Add, CancellationToken.None);
        await DecodeAsync(ImageFixtures.PathOf("hostile/picture.avif"), printed.Add, CancellationToken.None);

        Assert.Equal(3, printed.Count);
        Assert.Contains("MaxBytes", printed[0], StringComparison.Ordinal);
        Assert.EndsWith("4 frames", printed[1], StringComparison.Ordinal);
        Assert.StartsWith("Unsupported:", printed[2], StringComparison.Ordinal);
        Assert.Contains("AVIF", printed[2], StringComparison.Ordinal);
    }

    [Fact]
    public void The_document_names_every_limit_with_its_default_and_every_reason()
    {
        string document = Repository.Read(Document);
        var limits = new ImageLimits();
        Assert.Equal(5, typeof(ImageLimits).GetProperties().Length);
        Assert.Contains($"| `MaxBytes` | {limits.MaxBytes >> 20} MiB |", document, StringComparison.Ordinal);
        Assert.Contains($"| `MaxPixels` | {limits.MaxPixels:#,##0} |", document, StringComparison.Ordinal);
        Assert.Contains($"| `MaxSide` | {limits.MaxSide:#,##0} |", document, StringComparison.Ordinal);
        Assert.Contains($"| `MaxFrames` | {limits.MaxFrames} |", document, StringComparison.Ordinal);
        Assert.Contains($"| `MaxTime` | {limits.MaxTime!.Value.TotalSeconds} s |", document, StringComparison.Ordinal);
        Assert.All(
            Enum.GetNames<FailureReason>().Where(reason => reason != nameof(FailureReason.EngineError)),
            reason => Assert.Contains($"| `{reason}` |", document, StringComparison.Ordinal));
        Assert.Contains($"{ImageFixtures.HostileNames.Count()} broken", document, StringComparison.Ordinal);
    }

    private static async Task JudgeAsync(
        SafetyPolicy policy, Func<EngineContext, IGuardrailEngine> engine, Stream upload, Action<string> print, CancellationToken cancellationToken)
    {
        #region limits
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
            .UsePolicy(policy)
            .UseEngine(engine)
            .ConfigureImages(images =>
            {
                images.Limits.MaxBytes = 8 << 20;
                images.Limits.MaxPixels = 16_000_000;
                images.MaxSampledFrames = 16;
                images.Background = RgbColor.Black;
            })
            .WithTimeout(TimeSpan.FromSeconds(5)));
        #endregion

        #region failure
        GuardrailResult result = await guardrail.CheckAsync(ImageSource.FromStream(upload), cancellationToken);
        if (result.Failure is { Reason: FailureReason.TooLarge or FailureReason.Unsupported } failure)
        {
            print($"Please send another image. {failure.Message}");
        }
        #endregion
    }

    private static async Task DecodeAsync(string path, Action<string> print, CancellationToken cancellationToken)
    {
        #region decode
        try
        {
            using DecodedImage image = await new SkiaImageDecoder().DecodeAsync(ImageSource.FromFile(path), new ImageDecodeOptions(), cancellationToken);
            print($"{image.Format}, {image.Width}x{image.Height}, {image.FrameCount} frames");
        }
        catch (ImageRejectedException refusal)
        {
            print($"{refusal.Reason}: {refusal.Message}");
        }
        #endregion
    }
}
