using System.Text.Json;

namespace SafeVision.Cli.Tests;

public sealed class DataCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Build_symbols_makes_a_dataset_that_a_second_run_repeats()
    {
        CommandRun first = await BuildAsync("first", "--count", "6", "--seed", "7", "--split", "test", "--image-size", "128", "--threads", "2");
        CommandRun second = await BuildAsync("second", "--count", "6", "--seed", "7", "--split", "test", "--image-size", "128", "--threads", "1");

        Assert.Equal((0, ""), (first.ExitCode, first.Error));
        Assert.StartsWith($"{_folder.At("first")}: VisionHarm-S, 6 images of 128 x 128, 18 categories, seed 7, content sha256 ", first.Output, StringComparison.Ordinal);
        Assert.Equal(first.Output[^66..], second.Output[^66..]);
        Assert.Equal(6, Directory.GetFiles(_folder.At("first/images"), "test-*.png").Length);
        using JsonDocument header = JsonDocument.Parse(await File.ReadAllBytesAsync(_folder.At("first/dataset.json"), TestContext.Current.CancellationToken));
        Assert.Equal("test", header.RootElement.GetProperty("split").GetString());
    }

    [Theory]
    [InlineData("--count must be a whole number", "--count", "0")]
    [InlineData("nonsense", "--split", "nonsense")]
    [InlineData("ImageSize must be 128 to 1,024", "--image-size", "5")]
    [InlineData("no-such-set.json", "--icon-set", "no-such-set.json")]
    public async Task A_wrong_option_is_named_and_nothing_is_made(string message, params string[] options)
    {
        CommandRun run = await BuildAsync("none", options);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.At("none")));
    }

    private Task<CommandRun> BuildAsync(string name, params string[] options) =>
        CommandRun.OfAsync(["data", "build", "symbols", "--out", _folder.At(name), .. options]);
}
