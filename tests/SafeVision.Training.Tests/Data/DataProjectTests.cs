using SafeVision.Evaluation.Symbols;
using SafeVision.Policies;
using SafeVision.Tests;
using SafeVision.Training.Data;
using SafeVision.Training.Data.Sources;
using SafeVision.Training.Data.Stages;

namespace SafeVision.Training.Tests.Data;

/// <summary>The way of drawn symbols through all stages, whole and interrupted.</summary>
public class DataProjectTests
{
    private static readonly string[] s_stages = ["collect", "generate", "split"];

    [Fact]
    public async Task Drawn_symbols_become_a_dataset_whose_answers_are_right()
    {
        using TemporaryFolder folder = new();
        DataProject project = DataProject.Open(folder.Path);
        await CollectAsync(project, 20, new());
        await project.GenerateAsync(new GenerateOptions { Policy = Policy }, null, Stop);
        StageSummary split = await project.SplitAsync(new SplitOptions { Train = 0.5, Refine = 0.25, Test = 0.25 }, null, Stop);
        TrainingDataset dataset = await project.ExportAsync(Stop);

        Assert.Equal(40, split.Kept + split.Dropped);
        List<TrainingSample> samples = await AllAsync(dataset);
        Assert.Equal(samples.Count, dataset.Counts.Values.Sum());
        Assert.All(dataset.Counts.Values, count => Assert.True(count > 0));
        Assert.Equal(Enum.GetValues<QuestionKind>(), samples.Select(sample => sample.Kind).Distinct().Order());
        Dictionary<string, TrainingSample> byId = samples.ToDictionary(sample => sample.Id);
        foreach (TrainingSample sample in samples)
        {
            SafetyPolicy? policy = dataset.LoadPolicy(sample);
            Assert.True(sample.Category is null || policy!.TryGetCategory(sample.Category, out _), sample.Id);
            Assert.All(sample.Turns, turn => Assert.All(turn.Critical, span =>
            {
                string marked = turn.Answer.Substring(span.Start, span.Length);
                Assert.True(
                    span.Role switch
                    {
                        CriticalRole.Reason => marked == "<|REASON|>",
                        CriticalRole.Offender => turn.Answer.Contains($"There is {marked}", StringComparison.Ordinal) || turn.Answer.Contains($"There is a {marked}", StringComparison.Ordinal) || turn.Answer.Contains($"There is an {marked}", StringComparison.Ordinal),
                        _ => marked == MarkOf(sample, policy!),
                    },
                    $"{sample.Id}: {marked}");
            }));
            if (sample.Pair is { } pair && byId[pair] is var partner)
            {
                Assert.Equal(sample.Split, partner.Split);
                Assert.True(partner.Policy != sample.Policy || partner.ImageHash != sample.ImageHash, sample.Id);
            }
        }

        Assert.Contains(samples, sample => sample.Turns[0].Critical.Any(span => span.Role == CriticalRole.Offender));

        // Both sides of a boundary: the same image, and another verdict.
        TrainingSample[] boundaries = [.. samples.Where(sample => sample.Id.EndsWith("/boundary", StringComparison.Ordinal))];
        Assert.True(boundaries.Length > 10);
        Assert.All(boundaries, sample => Assert.NotEqual((sample.ImageHash, sample.Category), (byId[sample.Pair!].ImageHash, byId[sample.Pair!].Category)));
        Assert.All(boundaries, sample => Assert.Equal(sample.ImageHash, byId[sample.Pair!].ImageHash));

        // Edited twins under one policy in names: the verdict flips with the thing that was exchanged.
        TrainingSample[] twins = [.. samples.Where(sample => sample.Id.EndsWith("/things", StringComparison.Ordinal) && sample.Pair is not null)];
        Assert.True(twins.Length > 10);
        Assert.All(twins, sample => Assert.Equal(sample.Policy, byId[sample.Pair!].Policy));
        Assert.All(twins, sample => Assert.NotEqual(sample.Category is null, byId[sample.Pair!].Category is null));
    }

    [Fact]
    public async Task The_question_without_the_right_category_does_not_list_it()
    {
        using TemporaryFolder folder = new();
        DataProject project = DataProject.Open(folder.Path);
        await CollectAsync(project, 12, new());
        await project.GenerateAsync(new GenerateOptions { Policy = Policy, Kinds = [QuestionKind.Absence, QuestionKind.Choice] }, null, Stop);
        await project.SplitAsync(null, null, Stop);
        List<TrainingSample> samples = await AllAsync(await project.ExportAsync(Stop));

        Assert.Contains(samples, sample => sample is { Kind: QuestionKind.Absence, Category: not null });
        Assert.All(samples, sample =>
        {
            TrainingTurn turn = Assert.Single(sample.Turns);
            CriticalSpan mark = Assert.Single(turn.Critical);
            string line = $"- {turn.Answer.Substring(mark.Start, mark.Length)}";
            Assert.Equal(sample.Kind == QuestionKind.Choice, turn.Question.Split('\n').Any(listed => listed == line || listed.StartsWith($"{line}: ", StringComparison.Ordinal)));
            Assert.True(sample.Kind == QuestionKind.Choice || turn.Question.Split('\n')[1..].All(listed => listed.Contains(": ", StringComparison.Ordinal))); // what is listed says what it means
        });
    }

    [Fact]
    public async Task A_project_that_is_stopped_within_and_after_every_stage_ends_with_the_same_bytes()
    {
        using TemporaryFolder whole = new(), broken = new();
        await RunAsync(DataProject.Open(whole.Path), new());
        foreach (int stop in (int[])[1, 7])
        {
            for (int stage = 0; stage < s_stages.Length; stage++)
            {
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunOneAsync(DataProject.Open(broken.Path), s_stages[stage], new StoppingAfter(stop)));
                string records = Path.Combine(broken.Path, s_stages[stage], "records.jsonl");
                await File.AppendAllTextAsync(records, "{\"key\":\"torn off by a po", Stop);
                await RunOneAsync(DataProject.Open(broken.Path), s_stages[stage], null);
            }

            foreach (string stage in s_stages)
            {
                Assert.Equal(await File.ReadAllTextAsync(Path.Combine(whole.Path, stage, "records.jsonl"), Stop), await File.ReadAllTextAsync(Path.Combine(broken.Path, stage, "records.jsonl"), Stop));
            }

            Assert.Equal(Files(whole.Path), Files(broken.Path));
            Array.ForEach(s_stages, stage => Directory.Delete(Path.Combine(broken.Path, stage), recursive: true));
            Directory.CreateDirectory(Path.Combine(broken.Path, "collect"));
        }
    }

    [Fact]
    public async Task Of_an_image_that_a_dataset_names_twice_every_label_counts_and_the_split_further_from_training()
    {
        using TemporaryFolder folder = new();
        byte[] image = File.ReadAllBytes(Repository.PathOf("samples/images/coffee.png"));
        foreach (string place in (string[])["train/cups/a.png", "train/safe/b.png", "test/spoons/c.png"])
        {
            string path = Path.Combine(folder.Path, "photos", place);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, image);
        }

        DataProject project = DataProject.Open(Path.Combine(folder.Path, "p"));
        for (int run = 0; run < 2; run++) // the second finds nothing to do
        {
            await project.CollectAsync(DataSource.FromDataset("photos", Evaluation.Datasets.DatasetReader.Read(Path.Combine(folder.Path, "photos"))), null, Stop);
        }

        ImageRecord kept = Assert.Single(await project.KeptAsync("collect", Stop).ToListAsync(Stop));
        Assert.Equal((string[])["cups", "spoons"], kept.Labels!.Order());
        Assert.Equal(TrainingSplit.Test, kept.Pinned);
        Assert.Equal(4, File.ReadAllLines(Path.Combine(project.Folder, "collect", "records.jsonl")).Length);
    }

    [Fact]
    public async Task An_image_that_a_copy_gives_another_label_later_is_asked_about_anew_and_no_other_is()
    {
        using TemporaryFolder folder = new();
        foreach ((string place, string image) in ((string, string)[])[("first/safe/a.png", "coffee.png"), ("first/safe/c.png", "chelsea.png"), ("later/Animal_Cruelty/b.png", "coffee.png")])
        {
            string path = Path.Combine(folder.Path, place);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Copy(Repository.PathOf($"samples/images/{image}"), path);
        }

        DataProject project = DataProject.Open(Path.Combine(folder.Path, "p"));
        var done = new List<(int Kept, int Dropped)>();
        foreach (string source in (string[])["first", "later", "later"])
        {
            await project.CollectAsync(DataSource.FromDataset(source, Evaluation.Datasets.DatasetReader.Read(Path.Combine(folder.Path, source))), null, Stop);
            StageSummary summary = await project.GenerateAsync(new GenerateOptions { Policy = Policy, Boundaries = false }, null, Stop);
            done.Add((summary.Kept, summary.Dropped));
        }

        Assert.Equal([(2, 0), (1, 0), (0, 0)], done);
        Dictionary<string, string?[]> categories = await project.KeptAsync("generate", Stop).ToDictionaryAsync(image => image.Key, image => image.Samples!.Select(sample => sample.Category).Distinct().ToArray(), null, Stop);
        Assert.Equal(["Animal_Cruelty"], categories["first/safe/a.png"]);
        Assert.Equal([null], categories["first/safe/c.png"]);
    }

    [Fact]
    public async Task An_image_that_a_stage_passes_on_no_longer_is_dropped_by_the_next()
    {
        using TemporaryFolder folder = new();
        DataProject project = DataProject.Open(Path.Combine(folder.Path, "p"));
        await CollectAsync(project, 2, new());
        await project.GenerateAsync(new GenerateOptions { Policy = Policy }, null, Stop);
        string records = Path.Combine(project.Folder, "collect", "records.jsonl");
        string first = File.ReadLines(records).First(line => line.Contains("\"kept\"", StringComparison.Ordinal));
        await File.AppendAllTextAsync(records, first.Replace("\"kept\"", "\"dropped\"", StringComparison.Ordinal) + "\n", Stop);

        StageSummary summary = await project.GenerateAsync(new GenerateOptions { Policy = Policy }, null, Stop);

        Assert.Equal((0, 1), (summary.Kept, summary.Dropped));
        Assert.Equal(await project.KeptAsync("collect", Stop).CountAsync(Stop), await project.KeptAsync("generate", Stop).CountAsync(Stop));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_image_that_a_source_puts_into_test_after_the_split_leaves_training_with_all_that_looks_like_it(bool isCopy)
    {
        using TemporaryFolder folder = new();
        using SkiaSharp.SKBitmap photo = SkiaSharp.SKBitmap.Decode(Repository.PathOf("samples/images/coffee.png"));
        foreach ((string source, string place, int quality) in ((string, string, int)[])[("first", "safe/a.jpg", 90), ("later", "test/safe/b.jpg", isCopy ? 90 : 60)])
        {
            string path = Path.Combine(folder.Path, source, place);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using SkiaSharp.SKData data = photo.Encode(SkiaSharp.SKEncodedImageFormat.Jpeg, quality);
            File.WriteAllBytes(path, data.ToArray());
        }

        DataProject project = DataProject.Open(Path.Combine(folder.Path, "p"));
        foreach (string source in (string[])["first", "later"])
        {
            await project.CollectAsync(DataSource.FromDataset(source, Evaluation.Datasets.DatasetReader.Read(Path.Combine(folder.Path, source))), null, Stop);
            await project.GenerateAsync(new GenerateOptions { Policy = Policy }, null, Stop);
            await project.SplitAsync(new SplitOptions { Train = 1, Refine = 0, Test = 0 }, null, Stop);
        }

        Dictionary<string, TrainingSplit?> kept = await project.KeptAsync("split", Stop).ToDictionaryAsync(image => image.Key, image => image.Split, null, Stop);
        Assert.Equal([TrainingSplit.Test], kept.Values);
        Assert.StartsWith(isCopy ? "first/" : "later/", Assert.Single(kept).Key, StringComparison.Ordinal);
        StageSummary again = await project.SplitAsync(new SplitOptions { Train = 1, Refine = 0, Test = 0 }, null, Stop);
        Assert.Equal((0, 0), (again.Kept, again.Dropped));
        Assert.Equal(0, (await project.ExportAsync(Stop)).Counts[TrainingSplit.Train]);
    }

    [Fact]
    public async Task A_stage_that_is_asked_otherwise_than_it_was_begun_says_what_differs()
    {
        using TemporaryFolder folder = new();
        DataProject project = DataProject.Open(folder.Path);
        await CollectAsync(project, 2, new());
        await project.SplitAsync(new SplitOptions { Seed = 1 }, null, Stop);

        TrainingDataException changed = await Assert.ThrowsAsync<TrainingDataException>(() => project.SplitAsync(new SplitOptions { Seed = 2 }, null, Stop));
        TrainingDataException other = await Assert.ThrowsAsync<TrainingDataException>(() =>
            project.CollectAsync(DataSource.FromSymbols("scenes", new SymbolSceneOptions { Seed = 99 }, 2), null, Stop));

        Assert.Contains("seed 1", changed.Message, StringComparison.Ordinal);
        Assert.Contains("source scenes", other.Message, StringComparison.Ordinal);
        Assert.Equal(2, (await CollectAsync(project, 3, new())).Kept); // more of the same is no other source
    }

    [Fact]
    public async Task A_damaged_record_is_named_with_its_line_and_nothing_is_lost()
    {
        using TemporaryFolder folder = new();
        DataProject project = DataProject.Open(folder.Path);
        await CollectAsync(project, 2, new());
        string path = Path.Combine(folder.Path, "collect", "records.jsonl");
        string[] lines = await File.ReadAllLinesAsync(path, Stop);
        lines[1] = lines[1].Replace("\"outcome\":\"kept\"", "\"outcome\":\"perhaps\"", StringComparison.Ordinal);
        await File.WriteAllLinesAsync(path, lines, Stop);

        TrainingDataException error = await Assert.ThrowsAsync<TrainingDataException>(() => CollectAsync(project, 2, new()));

        Assert.StartsWith("records.jsonl, line 2:", error.Message, StringComparison.Ordinal);
        Assert.Equal(lines, await File.ReadAllLinesAsync(path, Stop));
    }

    [Fact]
    public async Task Exported_rows_hold_one_image_mark_in_the_first_question()
    {
        using TemporaryFolder folder = new();
        DataProject project = DataProject.Open(folder.Path);
        await RunAsync(project, new());
        TrainingDataset dataset = await project.ExportAsync(Stop);

        foreach (TrainingSplit split in Enum.GetValues<TrainingSplit>())
        {
            string name = $"{split.ToString().ToLowerInvariant()}.jsonl";
            string[] internVl = await File.ReadAllLinesAsync(Path.Combine(dataset.Folder, "internvl", name), Stop), swift = await File.ReadAllLinesAsync(Path.Combine(dataset.Folder, "swift", name), Stop);
            Assert.Equal(dataset.Counts[split], internVl.Length);
            Assert.Equal(dataset.Counts[split], swift.Length);
            foreach (string line in internVl)
            {
                using var row = System.Text.Json.JsonDocument.Parse(line);
                System.Text.Json.JsonElement[] turns = [.. row.RootElement.GetProperty("conversations").EnumerateArray()];
                Assert.True(File.Exists(Path.Combine(dataset.Folder, row.RootElement.GetProperty("image").GetString()!)));
                Assert.All(turns, (turn, i) => Assert.Equal(i == 0, turn.GetProperty("value").GetString()!.Contains("<image>", StringComparison.Ordinal)));
                Assert.All(turns, (turn, i) => Assert.Equal(i % 2 == 0 ? "human" : "gpt", turn.GetProperty("from").GetString()));
            }

            foreach (string line in swift)
            {
                using var row = System.Text.Json.JsonDocument.Parse(line);
                Assert.Single(row.RootElement.GetProperty("images").EnumerateArray());
                Assert.All(row.RootElement.GetProperty("messages").EnumerateArray().ToArray(), (turn, i) => Assert.Equal(i % 2 == 0 ? "user" : "assistant", turn.GetProperty("role").GetString()));
            }
        }
    }

    internal static SafetyPolicy Policy => SymbolBenchmark.Nine;

    internal static CancellationToken Stop => TestContext.Current.CancellationToken;

    internal static Task<StageSummary> CollectAsync(DataProject project, int count, StageRunOptions options, CancellationToken? stop = null) =>
        project.CollectAsync(DataSource.FromSymbols("scenes", new SymbolSceneOptions { Seed = 5, ImageSize = 128 }, count), options, stop ?? Stop);

    internal static async Task<List<TrainingSample>> AllAsync(TrainingDataset dataset) =>
    [
        .. await dataset.ReadTrainAsync(Stop).ToListAsync(Stop),
        .. await dataset.ReadRefineAsync(Stop).ToListAsync(Stop),
        .. (await dataset.ReadTestAsync(Stop).ToListAsync(Stop)).Select(held => held.Sample),
    ];

    private static string MarkOf(TrainingSample sample, SafetyPolicy policy) => sample.Category is null ? "<|SAFE|>"
        : HarmCategory.TryParse(sample.Category, out HarmCategory? known) ? $"<|{known.Id}|>"
        : policy.TryGetCategory(sample.Category, out SafetyCategory? own) ? own.Name : "";

    private static async Task RunAsync(DataProject project, StageRunOptions options)
    {
        await CollectAsync(project, 8, options);
        await project.GenerateAsync(new GenerateOptions { Policy = Policy }, options, Stop);
        await project.SplitAsync(null, options, Stop);
    }

    private static async Task RunOneAsync(DataProject project, string stage, StoppingAfter? stopping)
    {
        using CancellationTokenSource? stop = stopping?.Source;
        StageRunOptions options = new() { Progress = stopping };
        CancellationToken token = stop?.Token ?? Stop;
        await (stage switch
        {
            "collect" => CollectAsync(project, 8, options, token),
            "generate" => project.GenerateAsync(new GenerateOptions { Policy = Policy }, options, token),
            _ => project.SplitAsync(null, options, token),
        });
    }

    private static string[] Files(string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".tmp", StringComparison.Ordinal))
            .Select(file => $"{Path.GetRelativePath(folder, file)} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)))}").Order(StringComparer.Ordinal),
    ];

    /// <summary>Stops a stage when it has written so many records.</summary>
    internal sealed class StoppingAfter(int count) : IProgress<StageSummary>
    {
        public CancellationTokenSource Source { get; } = new();

        public void Report(StageSummary value)
        {
            if (value.Kept + value.Dropped + value.Failed == count)
            {
                Source.Cancel();
            }
        }
    }
}
