using SafeVision.Imaging;
using SafeVision.Tests;

namespace SafeVision.Cli.Tests;

public sealed class CheckHeatMapTests
{
    private static readonly string s_noCats = Repository.PathOf("samples/policies/no-cats.yaml");

    [Fact]
    public async Task Heat_maps_are_pictures_of_their_own_names_that_overwrite_nothing_and_follow_no_link()
    {
        using var folder = new TemporaryFolder();
        string first = folder.Photo("chelsea.png", "a/cat.png");
        string second = folder.Photo("chelsea.png", "b/cat.png");
        string named = folder.Photo("coffee.png", "heat/cat.png.cats.2.png"); // an input that has a heat map's name
        string precious = folder.Write("precious.txt", "precious");
        File.CreateSymbolicLink(folder.At("heat", "cat.png.cats.png"), precious);

        CommandRun run = await CommandRun.OfAsync("check", first, second, named, "--policy", s_noCats, "--heatmap", folder.At("heat"), "--format", "ndjson");

        Assert.Equal(3, run.ExitCode);
        string[] maps = [.. run.Lines().Take(2).Select(image => image.GetProperty("heatMap").GetString()!)];
        Assert.Equal([folder.At("heat", "cat.png.cats.png"), folder.At("heat", "cat.png.cats.3.png")], maps);
        Assert.False(run.Lines()[2].TryGetProperty("heatMap", out _));
        Assert.Equal("precious", await File.ReadAllTextAsync(precious));
        Assert.Equal(await File.ReadAllBytesAsync(Repository.PathOf("samples/images/coffee.png")), await File.ReadAllBytesAsync(named));
        Assert.Equal(3, Directory.GetFiles(folder.At("heat")).Length);

        byte[] source = await PixelsAsync(first);
        Assert.All(maps, map => Assert.Null(new FileInfo(map).LinkTarget));
        foreach (string map in maps)
        {
            byte[] pixels = await PixelsAsync(map);
            Assert.Equal(source.Length, pixels.Length);
            double changed = pixels.Zip(source).Count(pair => Math.Abs(pair.First - pair.Second) > 16) / (double)pixels.Length;
            Assert.InRange(changed, 0.1, 0.95);
        }
    }

    [Fact]
    public async Task A_folder_that_cannot_be_made_is_told_before_any_image_is_judged()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("file", "x");

        CommandRun run = await CommandRun.OfAsync("check", Repository.PathOf("samples/images"), "--heatmap", file, "--format", "json");

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith($"{file}: heat maps can't be written there.", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    /// <summary>As when the disk is full: what can't be written is a picture, and the run is not lost.</summary>
    [Fact]
    public async Task A_heat_map_that_cannot_be_written_costs_no_verdict()
    {
        using var folder = new TemporaryFolder();
        string cat = folder.Photo("chelsea.png", "cat.png"), other = folder.Photo("chelsea.png", "other.png");
        Directory.CreateDirectory(folder.At("heat", "cat.png.cats.png", "in the way"));

        CommandRun run = await CommandRun.OfAsync("check", cat, other, "--policy", s_noCats, "--heatmap", folder.At("heat"), "--format", "ndjson");

        Assert.Equal(3, run.ExitCode);
        Assert.Equal(["block", "block"], run.Lines().Select(image => image.GetProperty("decision").GetString()));
        Assert.False(run.Lines()[0].TryGetProperty("heatMap", out _));
        Assert.Equal(folder.At("heat", "other.png.cats.png"), run.Lines()[1].GetProperty("heatMap").GetString());
        Assert.StartsWith($"{folder.At("heat")}: 1 heat map could not be written.", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(250, 'x')]
    [InlineData(120, 'é')]
    [InlineData(80, '猫')]
    public async Task Long_names_are_shortened_to_what_file_systems_take(int length, char letter)
    {
        using var folder = new TemporaryFolder();
        string photo = folder.Photo("flower.jpg", "flower.jpg");
        var map = new Assessments.HeatMap(1, 1, [1f], new Assessments.ImageBox(0, 0, 1, 1));
        var result = new GuardrailResult
        {
            Decision = Decision.Block,
            Explanation = "",
            Findings =
            [
                new Finding
                {
                    Category = new string('c', 64),
                    Score = 1,
                    Verdict = Verdict.Unsafe,
                    Threshold = 0.8,
                    Decision = Decision.Block,
                    Coverage = Assessments.CoverageLevel.Full,
                    Reason = "",
                    Evidence = new Assessments.Evidence { HeatMap = map },
                },
            ],
            Provenance = new Provenance { Policy = "p", PolicyVersion = "1", PolicyHash = "", Models = [], Durations = new StageDurations(0, 0, 0) },
        };

        string? written = await new HeatMapFolder(folder.At("heat"), []).WriteAsync(
            new string(letter, length), ImageSource.FromFile(photo), result, CancellationToken.None);

        Assert.True(File.Exists(written));
        Assert.Equal(folder.At("heat"), Path.GetDirectoryName(written));
    }

    private static async Task<byte[]> PixelsAsync(string path)
    {
        using DecodedImage image = await new SkiaImageDecoder().DecodeAsync(ImageSource.FromFile(path), new ImageDecodeOptions(), CancellationToken.None);
        return image.Frames[0].Pixels.ToArray();
    }
}
