using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Runs;

namespace SafeVision.Evaluation.Tests.Runs;

public sealed class EvaluationRunnerTests(DefaultGuardrail models) : IClassFixture<DefaultGuardrail>
{
    private static readonly string[] s_photos = ["chelsea.png", "astronaut.png", "coffee.png", "gone.png", "camera.png", "rocket.jpg"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static EvaluationDataset Photos(params string[] names) => new()
    {
        Name = "photos",
        Hash = "00",
        Folder = Repository.Fixture("photos"),
        Categories = ["cats"],
        Samples = [.. names.Select(name => new EvaluationSample { Id = name, Image = name, Labels = name == "chelsea.png" ? ["cats"] : [] })],
    };

    [Fact]
    public async Task Every_sample_has_an_answer_in_order_and_an_image_that_is_missing_has_a_failure()
    {
        using var folder = new TemporaryFolder();
        EvaluationRun run = await EvaluationRunner.RunAsync(models.Guardrail, Photos(s_photos), folder.Path, cancellationToken: Cancellation);

        Assert.True(run.IsComplete);
        Assert.Equal(s_photos, run.Records.Select(record => record.Sample));
        Assert.Equal(Decision.Block, run.Records[0].Result.Decision);
        Assert.NotNull(run.Records[0].Result.Findings[0].Evidence.HeatMap);
        Assert.NotNull(run.Records[3].Result.Failure);
        Assert.Equal(Decision.Block, run.Records[3].Result.Decision);
        Assert.Equal("", run.Records[3].ImageHash);
        Assert.All(run.Records.Where(record => record.Sample != "gone.png"), record => Assert.Equal(64, record.ImageHash.Length));
        Assert.Contains(run.Identity.Models, model => model.Contains("efficientnet-lite0", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_run_that_was_stopped_goes_on_and_gives_the_numbers_of_one_in_one_go()
    {
        using var whole = new TemporaryFolder();
        using var stopped = new TemporaryFolder();
        EvaluationRun expected = await EvaluationRunner.RunAsync(models.Guardrail, Photos(s_photos), whole.Path, cancellationToken: Cancellation);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => EvaluationRunner.RunAsync(
            models.Guardrail, Photos(s_photos), stopped.Path, progress: new StopAt(2, stop), cancellationToken: stop.Token));
        string records = stopped.File(RunFiles.RecordsName);
        string[] lines = await File.ReadAllLinesAsync(records, Cancellation);
        Assert.InRange(lines.Length, 2, s_photos.Length - 1);
        await File.AppendAllTextAsync(records, lines[0][..(lines[0].Length / 2)], Cancellation); // as a crash leaves it

        var seen = new List<EvaluationProgress>();
        EvaluationRun run = await EvaluationRunner.RunAsync(
            models.Guardrail, Photos(s_photos), stopped.Path, progress: new Collect(seen), cancellationToken: Cancellation);

        Assert.Equal(lines.Length, seen[0].Resumed);
        Assert.Equal(s_photos.Length - lines.Length, seen.Count - 1);
        Assert.Equal(expected.Identity.SamplesHash, run.Identity.SamplesHash);
        Assert.Equal(expected.Records.Select(Comparable), run.Records.Select(Comparable));
    }

    [Fact]
    public async Task Another_dataset_choice_or_order_is_refused_in_the_same_folder()
    {
        using var folder = new TemporaryFolder();
        await EvaluationRunner.RunAsync(models.Guardrail, Photos("chelsea.png", "coffee.png"), folder.Path, cancellationToken: Cancellation);

        EvaluationException other = await Assert.ThrowsAsync<EvaluationException>(() =>
            EvaluationRunner.RunAsync(models.Guardrail, Photos("coffee.png", "chelsea.png"), folder.Path, cancellationToken: Cancellation));
        Assert.Contains("another choice of samples", other.Message, StringComparison.Ordinal);

        EvaluationException seed = await Assert.ThrowsAsync<EvaluationException>(() => EvaluationRunner.RunAsync(
            models.Guardrail, Photos("chelsea.png", "coffee.png"), folder.Path, seed: 2, cancellationToken: Cancellation));
        Assert.Contains("another seed", seed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not json\n")]
    [InlineData("{\"sample\":\"coffee.png\"}\n")]
    [InlineData("{\"sample\":null,\"imageHash\":\"\",\"result\":null}\n")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n")]
    public async Task Damaged_answers_are_an_error_that_names_the_line(string text)
    {
        using var folder = new TemporaryFolder();
        EvaluationDataset dataset = Photos("coffee.png");
        await EvaluationRunner.RunAsync(models.Guardrail, dataset, folder.Path, cancellationToken: Cancellation);
        await File.WriteAllTextAsync(folder.File(RunFiles.RecordsName), text, Cancellation);

        EvaluationException exception = await Assert.ThrowsAsync<EvaluationException>(() => EvaluationRun.ReadAsync(folder.Path, Cancellation));
        Assert.Contains("line 1", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_runs_into_one_folder_at_once_are_refused()
    {
        using var folder = new TemporaryFolder();
        await EvaluationRunner.RunAsync(models.Guardrail, Photos("coffee.png"), folder.Path, cancellationToken: Cancellation);
        await using var other = new FileStream(folder.File(RunFiles.RecordsName), FileMode.Open, FileAccess.Write, FileShare.None);
        await Assert.ThrowsAsync<EvaluationException>(() => EvaluationRunner.RunAsync(models.Guardrail, Photos("coffee.png"), folder.Path, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task A_second_run_into_a_folder_that_is_being_written_is_refused_in_words_and_harms_nothing()
    {
        using var folder = new TemporaryFolder();
        using (FolderLock.Take(folder.Path, RunFiles.LockName))
        {
            EvaluationException refused = await Assert.ThrowsAsync<EvaluationException>(() =>
                EvaluationRunner.RunAsync(models.Guardrail, Photos("coffee.png"), folder.Path, cancellationToken: Cancellation));
            Assert.Contains("another run is writing into this folder", refused.Message, StringComparison.Ordinal);
            Assert.False(File.Exists(folder.File(RunFiles.IdentityName)));
        }

        EvaluationRun run = await EvaluationRunner.RunAsync(models.Guardrail, Photos("coffee.png"), folder.Path, cancellationToken: Cancellation);
        Assert.True(run.IsComplete);
        Assert.False(File.Exists(folder.File(RunFiles.LockName)));
    }

    /// <summary>A record without its durations, which no two runs share.</summary>
    private static string Comparable(EvaluationRecord record) => System.Text.Json.JsonSerializer.Serialize(
        record with { Result = record.Result with { Provenance = record.Result.Provenance with { Durations = new StageDurations(0, 0, 0) } } });

    private sealed class StopAt(int done, CancellationTokenSource stop) : IProgress<EvaluationProgress>
    {
        public void Report(EvaluationProgress value)
        {
            if (value.Done == done)
            {
                stop.Cancel();
            }
        }
    }

    private sealed class Collect(List<EvaluationProgress> seen) : IProgress<EvaluationProgress>
    {
        public void Report(EvaluationProgress value) => seen.Add(value);
    }
}
