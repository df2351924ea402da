using SafeVision.Training.Data;

namespace SafeVision.Training.Tests.Data;

public class TrainingDatasetTests
{
    private const string Hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Fact]
    public async Task Samples_come_back_as_they_were_written_and_each_split_by_itself()
    {
        using TemporaryFolder folder = new();
        TrainingSample[] written = [Sample("a", TrainingSplit.Train) with { Pair = "b" }, Sample("b", TrainingSplit.Refine), Sample("c", TrainingSplit.Test) with { ImageHash = Hash.Replace('0', 'f') }];
        await TrainingDataset.WriteAsync(folder.Path, written.ToAsyncEnumerable(), TestContext.Current.CancellationToken);

        TrainingDataset dataset = await TrainingDataset.OpenAsync(folder.Path, TestContext.Current.CancellationToken);
        TrainingSample train = Assert.Single(await dataset.ReadTrainAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken));
        TrainingSample refine = Assert.Single(await dataset.ReadRefineAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken));
        HeldOutSample test = Assert.Single(await dataset.ReadTestAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken));

        Assert.Equal(("a", "b", "c"), (train.Id, refine.Id, test.Sample.Id));
        Assert.Equivalent(written[0], train, strict: true);
        Assert.All(dataset.Counts.Values, count => Assert.Equal(1, count));
        Assert.Contains("\"kind\":\"what-at\"", await File.ReadAllTextAsync(Path.Combine(folder.Path, TrainingDataset.SamplesFile), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"split\":\"train\"", "\"split\":\"trian\"", "$.split")]
    [InlineData("\"split\":\"train\"", "\"split\":0", "$.split")]
    [InlineData("\"kind\":\"what-at\",", "", "kind")]
    [InlineData("\"critical\"", "\"critcal\"", "critcal")]
    [InlineData("\"length\":3", "\"length\":30", "critical part")]
    [InlineData("\"length\":3", "\"length\":2147483647", "critical part")]
    [InlineData("\"image\":\"images/a.png\"", "\"image\":\"../a.png\"", "inside the folder")]
    [InlineData("\"image\":\"images/a.png\"", "\"image\":\"/etc/passwd\"", "inside the folder")]
    [InlineData("\"image\":\"images/a.png\"", "\"image\":\"c:/a.png\"", "inside the folder")]
    [InlineData("\"policy\":\"p.yaml\"", "\"policy\":\"../p.yaml\"", "policies/")]
    [InlineData("0123456789abcdef\"", "0123456789ABCDEF\"", "SHA-256")]
    [InlineData("\"turns\":[", "\"turns\":null,\"x\":[", "$.turns")]
    [InlineData("\"id\":\"a\"", "\"id\":\"a b\"", "id 'a b'")]
    [InlineData("\"id\":\"a\"", "\"id\":\"a\",\"pair\":\"nobody\"", "no sample 'nobody'")]
    [InlineData("}\n", "} {}\n", "line 1")]
    public async Task A_damaged_line_is_refused_with_file_and_line(string old, string replacement, string message)
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, TrainingDataset.SamplesFile);
        await TrainingDataset.WriteAsync(folder.Path, new[] { Sample("a", TrainingSplit.Train) }.ToAsyncEnumerable(), TestContext.Current.CancellationToken);
        string text = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        Assert.Contains(old, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(path, text.Replace(old, replacement, StringComparison.Ordinal), TestContext.Current.CancellationToken);

        TrainingDataException error = await Assert.ThrowsAsync<TrainingDataException>(() => TrainingDataset.OpenAsync(folder.Path, TestContext.Current.CancellationToken));

        Assert.StartsWith("samples.jsonl, line 1:", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TrainingSplit.Train)]
    [InlineData(TrainingSplit.Refine)]
    public async Task An_image_of_the_test_split_cannot_stand_in_another(TrainingSplit other)
    {
        using TemporaryFolder folder = new();
        await TrainingDataset.WriteAsync(folder.Path, new[] { Sample("a", other), Sample("b", TrainingSplit.Test) }.ToAsyncEnumerable(), TestContext.Current.CancellationToken);

        TrainingDataException error = await Assert.ThrowsAsync<TrainingDataException>(() => TrainingDataset.OpenAsync(folder.Path, TestContext.Current.CancellationToken));

        Assert.Contains("tested on must not be trained on", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sample_that_is_not_valid_is_not_written_and_the_old_file_stays()
    {
        using TemporaryFolder folder = new();
        await TrainingDataset.WriteAsync(folder.Path, new[] { Sample("a", TrainingSplit.Train) }.ToAsyncEnumerable(), TestContext.Current.CancellationToken);
        byte[] before = await File.ReadAllBytesAsync(Path.Combine(folder.Path, TrainingDataset.SamplesFile), TestContext.Current.CancellationToken);

        await Assert.ThrowsAsync<TrainingDataException>(() => TrainingDataset.WriteAsync(
            folder.Path, new[] { Sample("a", TrainingSplit.Train), Sample("b", TrainingSplit.Train) with { Turns = [] } }.ToAsyncEnumerable(), TestContext.Current.CancellationToken));

        Assert.Equal(before, await File.ReadAllBytesAsync(Path.Combine(folder.Path, TrainingDataset.SamplesFile), TestContext.Current.CancellationToken));
    }

    internal static TrainingSample Sample(string id, TrainingSplit split) => new()
    {
        Id = id,
        Image = "images/a.png",
        ImageHash = Hash,
        Kind = QuestionKind.WhatAt,
        Turns = [new TrainingTurn("What is at the top?", "a cat") { Critical = [new CriticalSpan(2, 3, CriticalRole.Category)] }],
        Policy = "p.yaml",
        Split = split,
        Provenance = new SampleProvenance { Source = "symbols", Licence = "MIT", Judge = "truth" },
    };
}
