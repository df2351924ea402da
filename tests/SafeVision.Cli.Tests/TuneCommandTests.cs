using System.Text;
using System.Text.Json;
using SafeVision.Policies;
using SafeVision.Tests;
using SkiaSharp;

namespace SafeVision.Cli.Tests;

public sealed class TuneCommandTests
{
    private static readonly string[] s_others = ["astronaut.png", "camera.png", "coffee.png", "rocket.jpg"];

    [Fact]
    public async Task Thresholds_are_set_on_one_split_tested_on_the_other_and_written_with_their_promise()
    {
        using var folder = new TemporaryFolder();
        string data = WriteDataset(folder, calibrationCats: 8, testCats: 4);
        string policy = Repository.PathOf("samples/policies/no-cats.yaml");
        string[] command = ["tune", "--policy", policy, "--data", data, "--max-miss", "0.3", "--confidence", "0.9", "--prevalence", "0.001", "--run", folder.At("run")];

        CommandRun run = await CommandRun.OfAsync([.. command, "--max-false-block", "0.2", "--out", folder.At("first.yaml")]);

        Assert.True(run.ExitCode == 0, run.Output + run.Error);
        Assert.Contains("at most 30 % missed below review", run.Output, StringComparison.Ordinal);
        Assert.Contains("with 90 % confidence: 0 of 8 calibration images are", run.Output, StringComparison.Ordinal);
        Assert.Contains("Where 0.1 % of images are cats: ", run.Output, StringComparison.Ordinal);
        Assert.Contains("20 images set the thresholds and 12 others tested them; 0 were copies, 0 could not be judged.", run.Output, StringComparison.Ordinal);

        // The threshold lets every calibration cat be reviewed, and is not lower than that takes.
        SafetyPolicy tuned = SafetyPolicy.FromFile(folder.At("first.yaml"));
        double lowest = (await File.ReadAllLinesAsync(folder.At("run", "records.ndjson")))
            .Select(line => JsonElement.Parse(line)).Where(record => record.GetProperty("sample").GetString()!.StartsWith("calibration-cat", StringComparison.Ordinal))
            .Min(record => record.GetProperty("result").GetProperty("findings")[0].GetProperty("score").GetDouble());
        Assert.InRange(lowest - tuned.Categories[0].ReviewAt, 0, 1e-6);
        Assert.Equal(SafetyPolicy.FromFile(policy).Categories[0].Includes, tuned.Categories[0].Includes);
        Assert.Contains("# cats: at most 30 % missed", await File.ReadAllTextAsync(folder.At("first.yaml")), StringComparison.Ordinal);

        // Another promise on the answers that are there: judged again is nothing, and a promise that takes more is not given.
        CommandRun stricter = await CommandRun.OfAsync([.. command[..5], "--run", folder.At("run"), "--out", folder.At("second.yaml")]);
        Assert.Equal(4, stricter.ExitCode);
        Assert.Contains("not possible with 8 calibration images: a promise of at most 5 % missed, with 95 % confidence, takes at least 59", stricter.Output, StringComparison.Ordinal);
        Assert.Equal(SafetyPolicy.FromFile(policy), SafetyPolicy.FromFile(folder.At("second.yaml")));
        Assert.Contains("going on after 32 of 32 samples", stricter.Error, StringComparison.Ordinal);

        CommandRun again = await CommandRun.OfAsync([.. command, "--out", folder.At("first.yaml")]);
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("exists already", again.Error, StringComparison.Ordinal);
        Assert.Equal(tuned, SafetyPolicy.FromFile(folder.At("first.yaml")));
    }

    [Fact]
    public async Task An_image_in_both_splits_is_an_error_that_names_it_and_nothing_is_written()
    {
        using var folder = new TemporaryFolder();
        string data = WriteDataset(folder, calibrationCats: 1, testCats: 1, others: 0);
        File.Copy(folder.At("data", "calibration-cat-0.png"), folder.At("data", "test-cat-0.png"), overwrite: true);

        CommandRun run = await CommandRun.OfAsync("tune", "--policy", Repository.PathOf("samples/policies/no-cats.yaml"), "--data", data, "--out", folder.At("tuned.yaml"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("'calibration-cat-0' is 'test-cat-0'", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.At("tuned.yaml")));
    }

    [Theory]
    [InlineData("must be a share above 0 and below 1", "--data", "x", "--max-miss", "5")]
    [InlineData("must be a share above 0 and below 1", "--data", "x", "--prevalence", "NaN")]
    [InlineData("--on-average promises without a confidence", "--data", "x", "--on-average", "--confidence", "0.9")]
    [InlineData("There is no dataset", "--data", "x-is-not-there")]
    [InlineData("--data", "--max-miss", "0.1")]
    public async Task A_mistake_in_the_command_line_is_named(string because, params string[] options)
    {
        CommandRun run = await CommandRun.OfAsync(["tune", .. options]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(because, run.Error, StringComparison.Ordinal);
    }

    // Different parts of the photographs, in turn for the two splits: each is an image of its own, and the splits are alike.
    private static string WriteDataset(TemporaryFolder folder, int calibrationCats, int testCats, int others = 20)
    {
        folder.Write("data/dataset.json", """{"name":"cats-and-others","version":"1","categories":["cats"]}""");
        StringBuilder samples = new();
        void Add(string split, string what, int number, string photo, string labels)
        {
            string id = $"{split}-{what}-{number}";
            folder.Write($"data/{id}.png", Part(photo, (2 * number) + (split == "test" ? 1 : 0)));
            samples.Append($$"""{"id":"{{id}}","image":"{{id}}.png","labels":{{labels}},"split":"{{split}}"}""").Append('\n');
        }

        for (int i = 0; i < calibrationCats + testCats; i++)
        {
            Add(i < calibrationCats ? "calibration" : "test", "cat", i < calibrationCats ? i : i - calibrationCats, "chelsea.png", """["cats"]""");
        }

        for (int i = 0; i < others; i++)
        {
            Add(i < 12 ? "calibration" : "test", "other", i, s_others[i % s_others.Length], "[]");
        }

        folder.Write("data/samples.jsonl", samples.ToString());
        return folder.At("data");
    }

    private static byte[] Part(string photo, int number)
    {
        using SKBitmap whole = SKBitmap.Decode(Repository.PathOf($"samples/images/{photo}"));
        using SKBitmap part = new();
        int margin = 3 * (number + 1);
        Assert.True(whole.ExtractSubset(part, new SKRectI(margin, margin / 2, whole.Width - (margin / 2), whole.Height - margin)));
        using SKData png = part.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }
}
