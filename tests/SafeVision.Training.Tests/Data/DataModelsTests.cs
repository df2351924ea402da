using System.Collections.Concurrent;
using Microsoft.Extensions.AI;
using SafeVision.Engines;
using SafeVision.Engines.ClosedSet;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Symbols;
using SafeVision.Inference;
using SafeVision.Models;
using SafeVision.Policies;
using SafeVision.Training.Data;
using SafeVision.Training.Data.Filtering;
using SafeVision.Training.Data.Questions;
using SafeVision.Training.Data.Sources;
using SafeVision.Training.Data.Votes;

namespace SafeVision.Training.Tests.Data;

/// <summary>Stages that models take part in: our own, run as they are, and served ones, by their words.</summary>
public class DataModelsTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_stages_from_drawn_symbols_to_the_page_go_on_after_a_stop_and_end_alike()
    {
        using TemporaryFolder folder = new();
        string labelled = Path.Combine(folder.Path, "labelled");
        await SymbolBenchmark.Create(new SymbolBenchmarkOptions { Count = 60, ImageSize = 128, Split = DatasetSplit.Train }).WriteAsync(labelled, cancellationToken: Stop);
        EvaluationDataset dataset = DatasetReader.Read(labelled, cancellationToken: Stop);
        using var sessions = new SessionCache();
        using ImageFeatures features = await ImageFeatures.LoadAsync(DefaultModels.Objects, new EngineContext(sessions, new ExecutionOptions()), Stop);
        ImageFilter filter = await ImageFilter.FitAsync(features, dataset, null, Stop);
        string file = Path.Combine(folder.Path, "filter.json");
        filter.Save(file);
        Assert.Equal(filter.Hash, ImageFilter.Load(file).Hash);

        SafetyPolicy policy = SymbolBenchmark.Nine;
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseDefaultModels());
        using var talker = new ScriptedClient(prompt => prompt.Contains("harmless", StringComparison.Ordinal) ? "Yes." : prompt.Contains("Animal", StringComparison.Ordinal) ? "No" : "I would say so");
        VoteOptions vote = new() { Policy = policy, Judges = [ImageJudge.From("ours", guardrail), ImageJudge.From("served", talker)], KeepUndecided = true };
        string[] pages = [await RunAsync("whole", int.MaxValue), await RunAsync("stopped", 5)];

        Assert.Equal(pages[0], pages[1]);
        Assert.Contains("Cohen&#x27;s kappa", pages[0], StringComparison.Ordinal);
        Assert.Contains("data:image/jpeg;base64,", pages[0], StringComparison.Ordinal);
        Assert.DoesNotContain("<img src=\"http", pages[0], StringComparison.Ordinal);

        async Task<string> RunAsync(string name, int stopAfter)
        {
            DataProject project = DataProject.Open(Path.Combine(folder.Path, name));
            Func<StageRunOptions, CancellationToken, Task<StageSummary>>[] stages =
            [
                (options, stop) => project.CollectAsync(DataSource.FromDataset("labelled", dataset, "see ATTRIBUTION.md"), options, stop),
                (options, stop) => project.FilterAsync(new FilterOptions { Filter = filter, Features = features }, options, stop),
                (options, stop) => project.VoteAsync(vote, options, stop),
                (options, stop) => project.GenerateAsync(new GenerateOptions { Policy = policy }, options, stop),
                (options, stop) => project.SplitAsync(null, options, stop),
            ];
            foreach (Func<StageRunOptions, CancellationToken, Task<StageSummary>> stage in stages)
            {
                var stopping = new DataProjectTests.StoppingAfter(stopAfter);
                if (stopAfter < int.MaxValue)
                {
                    await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stage(new StageRunOptions { Progress = stopping }, stopping.Source.Token));
                }

                StageSummary summary = await stage(new StageRunOptions(), Stop);
                Assert.True(summary.Failed == 0 && summary.Before == (stopAfter < int.MaxValue ? stopAfter : 0), summary.ToString());
            }

            TrainingDataset exported = await project.ExportAsync(Stop);
            Assert.True(exported.Counts.Values.Sum() > 100);
            string page = Path.Combine(folder.Path, $"{name}.html");
            await project.WriteReportAsync(page, 6, 1, Stop);
            return await File.ReadAllTextAsync(page, Stop);
        }
    }

    [Fact]
    public async Task A_filter_keeps_of_unlabelled_images_what_looks_harmful_and_fits_its_own_network_only()
    {
        using TemporaryFolder folder = new();
        using var sessions = new SessionCache();
        using ImageFeatures features = await ImageFeatures.LoadAsync(DefaultModels.Objects, new EngineContext(sessions, new ExecutionOptions()), Stop);
        EvaluationDataset dataset = await ScenesAsync(Path.Combine(folder.Path, "a"), 40, 1), unseen = await ScenesAsync(Path.Combine(folder.Path, "b"), 20, 2);
        ImageFilter filter = await ImageFilter.FitAsync(features, dataset, null, Stop);
        int right = 0;
        foreach (EvaluationSample sample in unseen.Samples)
        {
            (string label, double share) = await filter.JudgeAsync(features, unseen.Open(sample), Stop);
            Assert.InRange(share, 0.5, 1);
            right += label == (sample.Labels.Count == 0 ? ImageFilter.SafeClass : sample.Labels[0]) ? 1 : 0;
        }

        Assert.True(right >= 16, $"{right} of 20"); // always one class is right in 10
        using ImageFeatures other = await ImageFeatures.LoadAsync(DefaultModels.Nsfw, new EngineContext(sessions, new ExecutionOptions()), Stop);
        await Assert.ThrowsAsync<TrainingDataException>(() => filter.JudgeAsync(other, unseen.Open(unseen.Samples[0]), Stop));
    }

    [Fact]
    public async Task A_teacher_that_refuses_is_asked_again_and_then_the_question_is_left_out()
    {
        using TemporaryFolder folder = new();
        EvaluationDataset dataset = await ScenesAsync(Path.Combine(folder.Path, "a"), 2, 3);
        DataProject project = DataProject.Open(Path.Combine(folder.Path, "project"));
        await project.CollectAsync(DataSource.FromDataset("photos", dataset), null, Stop);
        using var teacher = new ScriptedClient(prompt => prompt.Contains("Describe", StringComparison.Ordinal) ? "A drawing of a thing on a plain ground." : "I'm sorry, but I can't assist with that.");

        await project.GenerateAsync(new GenerateOptions { Policy = SymbolBenchmark.Nine, Teacher = new ImageTeacher(teacher, "teacher") { Attempts = 2 } }, new StageRunOptions { Parallelism = 1 }, Stop);
        await project.SplitAsync(null, null, Stop);
        List<TrainingSample> samples = await DataProjectTests.AllAsync(await project.ExportAsync(Stop));

        Assert.Contains(samples, sample => sample.Kind == QuestionKind.Caption && sample.Turns[0].Answer == "A drawing of a thing on a plain ground." && sample.Provenance.Judge == "teacher");
        Assert.DoesNotContain(samples, sample => sample.Kind == QuestionKind.Reason);
        Assert.Contains("It is a refusal.", await File.ReadAllTextAsync(Path.Combine(project.Folder, "generate", "records.jsonl"), Stop), StringComparison.Ordinal);
        Assert.Equal(2, teacher.Prompts.Count(prompt => prompt.Contains("reason", StringComparison.Ordinal))); // of the one harmful image, twice
    }

    [Fact]
    public async Task A_vote_that_came_after_the_questions_is_not_passed_over_by_the_export()
    {
        using TemporaryFolder folder = new();
        DataProject project = DataProject.Open(folder.Path);
        await DataProjectTests.CollectAsync(project, 1, new());
        await project.GenerateAsync(new GenerateOptions { Policy = SymbolBenchmark.Nine }, null, Stop);
        await project.SplitAsync(null, null, Stop);
        await project.ExportAsync(Stop);
        using var client = new ScriptedClient(_ => "no");
        await project.VoteAsync(new VoteOptions { Policy = SymbolBenchmark.Nine, Judges = [ImageJudge.From("served", client)] }, null, Stop);

        string message = (await Assert.ThrowsAsync<TrainingDataException>(() => project.ExportAsync(Stop))).Message;

        Assert.Contains("vote was run since", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_served_model_that_cannot_be_asked_fails_the_image_and_another_run_tries_again()
    {
        using TemporaryFolder folder = new();
        DataProject project = DataProject.Open(folder.Path);
        await DataProjectTests.CollectAsync(project, 2, new());
        bool isDown = true;
        using var client = new ScriptedClient(_ => isDown ? throw new InvalidOperationException("connection refused") : "yes");
        VoteOptions vote = new() { Policy = SymbolBenchmark.Nine, Judges = [ImageJudge.From("served", client)] };

        StageSummary first = await project.VoteAsync(vote, null, Stop);
        isDown = false;
        StageSummary same = await project.VoteAsync(vote, null, Stop), again = await project.VoteAsync(vote, new StageRunOptions { RetryFailed = true }, Stop);

        Assert.Equal((0, 4), (first.Kept, first.Failed));
        Assert.Equal(4, same.Before);
        Assert.Equal((4, 0), (again.Kept, again.Failed));
        Assert.Equal(4, (await project.GenerateAsync(new GenerateOptions { Policy = SymbolBenchmark.Nine }, null, Stop)).Kept);
    }

    /// <summary>Scenes of one thing each: half of a knife or a gun, half harmless.</summary>
    private static async Task<EvaluationDataset> ScenesAsync(string folder, int count, long seed)
    {
        Directory.CreateDirectory(folder);
        using var weapons = SymbolScenes.Create(new SymbolSceneOptions { Seed = seed, MostThings = 1, ImageSize = 128, Names = ["dagger", "pistol"] });
        using var fruit = SymbolScenes.Create(new SymbolSceneOptions { Seed = seed, MostThings = 1, ImageSize = 128, Names = ["banana", "bus", "umbrella"] });
        for (int i = 0; i < count; i++)
        {
            SymbolScene scene = (i % 2 == 0 ? weapons : fruit).Draw(i);
            string path = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, i % 2 == 0 ? "Weapons_Substance_Abuse" : "safe")).FullName, $"{i}.png");
            await File.WriteAllBytesAsync(path, SafeVision.Training.Data.Stages.RgbImage.Png(scene));
        }

        return DatasetReader.Read(folder);
    }
}

/// <summary>A served model by its words: what it answers to a prompt, and what it was asked.</summary>
internal sealed class ScriptedClient(Func<string, string> answer) : IChatClient
{
    public ConcurrentQueue<string> Prompts { get; } = new();

    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string prompt = messages.Single().Text;
        Prompts.Enqueue(prompt);
        return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, answer(prompt))));
    }

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
        // Nothing is held.
    }
}
