namespace SafeVision.Cli.Tests;

public sealed class DataCheckTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_photograph_in_two_splits_and_a_label_that_means_nothing_are_reported()
    {
        _folder.Photo("chelsea.png", "train/cats/a.png");
        _folder.Photo("chelsea.png", "test/cats/b.png");
        _folder.Photo("coffee.png", "test/safe/c.png");
        _folder.Photo("flower.jpg", "test/Sexaul/d.jpg");

        CommandRun run = await CommandRun.OfAsync("data", "check", _folder.Path);

        Assert.Equal(4, run.ExitCode);
        Assert.Contains("3 samples, sha256 ", run.Output, StringComparison.Ordinal);
        Assert.Contains("test (2): harmless 1, cats 1", run.Output, StringComparison.Ordinal);
        Assert.Contains("did you mean 'Sexual'", run.Output, StringComparison.Ordinal);
        Assert.Contains("It shows the same image as 'test/cats/b.png'", run.Output, StringComparison.Ordinal);
        Assert.EndsWith("Problems: 2.\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_folder_is_an_error_that_says_so()
    {
        Directory.CreateDirectory(_folder.At("empty"));

        CommandRun run = await CommandRun.OfAsync("data", "check", _folder.At("empty"));

        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains("holds no sample", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Labels_that_a_program_wrote_as_missing_are_reported()
    {
        _folder.Photo("chelsea.png", "a.png");
        _folder.Photo("coffee.png", "b.png");
        _folder.Write("nolabel.csv", "image,label\na.png,nan\nb.png,None\n");

        CommandRun run = await CommandRun.OfAsync("data", "check", _folder.At("nolabel.csv"));

        Assert.Equal(4, run.ExitCode);
        Assert.Contains("nolabel.csv:2: The sample is left out: 'nan'", run.Output, StringComparison.Ordinal);
        Assert.Contains("nolabel.csv:3: The sample is left out: 'None'", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_label_map_gives_labels_their_meaning_and_a_sound_dataset_has_no_problems()
    {
        _folder.Photo("chelsea.png", "images/a.png");
        _folder.Photo("coffee.png", "images/b.png");
        _folder.Write("labels.csv", "image,label\na.png,moggy\nb.png,fine\n");
        _folder.Write("map.json", """{"moggy": "cats", "fine": "safe"}""");

        CommandRun run = await CommandRun.OfAsync("data", "check", _folder.At("labels.csv"), "--images", _folder.At("images"), "--label-map", _folder.At("map.json"), "--dataset-format", "csv");

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains("no split (2): harmless 1, cats 1", run.Output, StringComparison.Ordinal);
        Assert.EndsWith("No problems.\n", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"a": 1}""", "is no label map: line 1, $.a")]
    [InlineData("""["a"]""", "is no label map")]
    [InlineData("""{"a": ""}""", "gives a label no meaning")]
    [InlineData("""{"a": "x", "a": "y"}""", "is no label map")]
    public async Task A_label_map_that_is_none_is_refused(string map, string why)
    {
        _folder.Write("labels.csv", "image,label\na.png,moggy\n");
        _folder.Write("map.json", map);

        CommandRun run = await CommandRun.OfAsync("data", "check", _folder.At("labels.csv"), "--label-map", _folder.At("map.json"), "--no-images");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(why, run.Error, StringComparison.Ordinal);
    }
}
