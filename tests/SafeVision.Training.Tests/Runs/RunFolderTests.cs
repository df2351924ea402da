using SafeVision.Training.Runs;

namespace SafeVision.Training.Tests.Runs;

/// <summary>A run's folder that a hand has been at.</summary>
public sealed class RunFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RunFolder _run;

    public RunFolderTests() => _run = RunFolder.Take(_folder.Path, new() { ["steps"] = 4 });

    [Fact]
    public void A_run_that_was_killed_before_its_first_file_was_whole_can_be_started_again_and_a_folder_of_other_things_not()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, $".{Path.GetRandomFileName()}.tmp"), "{\"ste"); // what WholeFile had written
        File.WriteAllText(Path.Combine(folder.Path, "run.lock"), "");

        RunFolder.Take(folder.Path, new() { ["steps"] = 4 }).Dispose();
        RunFolder.Take(folder.Path, new() { ["steps"] = 4 }).Dispose();

        using TemporaryFolder other = new();
        File.WriteAllText(Path.Combine(other.Path, "thesis.tmp"), "");
        Assert.Contains("is not empty", Assert.Throws<TrainingException>(() => RunFolder.Take(other.Path, new() { ["steps"] = 4 })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[1]")]
    [InlineData("{\"step\":1}")]
    [InlineData("{\"step\":\"1\",\"state\":\"step-1.safetensors\"}")]
    [InlineData("{\"step\":1e99,\"state\":\"step-1.safetensors\"}")]
    [InlineData("{\"step\":2,\"state\":\"step-1.safetensors\"}")]
    [InlineData("{\"step\":3,\"state\":\"step-3.safetensors\"}")]
    [InlineData("{\"step\":1,\"state\":\"../step-1.safetensors\"}")]
    [InlineData("{\"step\":1,\"state\":\"\\ud800\"}")]
    public void A_state_that_does_not_fit_its_step_is_named_and_not_gone_on_with(string pointer)
    {
        Directory.CreateDirectory(_run.State);
        File.WriteAllText(Path.Combine(_run.State, "step-1.safetensors"), "");
        File.WriteAllText(Path.Combine(_run.State, "run.json"), pointer);

        Assert.Contains("to begin at the first step", Assert.Throws<TrainingException>(() => _run.SavedStep).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_of_the_log_that_no_run_wrote_are_dropped_and_a_damaged_result_is_named()
    {
        File.WriteAllText(Path.Combine(_folder.Path, "log.jsonl"), "{\"step\":0}\n{\"step\":\"0\"}\nnull\n[]\n{\"step\":1.5}\n{\"step\":0,\"step\":0}\n{\"step\":1}\n{\"st");
        Assert.Single(_run.LogBefore(1));
        Assert.Equal("{\"step\":0}\n", File.ReadAllText(Path.Combine(_folder.Path, "log.jsonl")));

        File.WriteAllText(Path.Combine(_folder.Path, "result.json"), "{");
        Assert.Contains("result.json", Assert.Throws<TrainingException>(() => _run.Result<TrainingResult>()).Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _run.Dispose();
        _folder.Dispose();
    }
}
