using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Reports;
using SafeVision.Policies;

namespace SafeVision.Evaluation.Tests;

public sealed class EvaluatorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_dataset_is_measured_from_files_to_reports_in_one_call()
    {
        (string dataset, string folder, CancellationToken cancellationToken) = (WriteDataset(), _folder.File("out"), Cancellation);
        var progress = new Collect();
        #region evaluator
        IReadOnlyList<EvaluationResult> results = await Evaluator.RunAsync(
            new EvaluationOptions
            {
                CreateGuardrail = policy => ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseDefaultModels().WithTimeout(TimeSpan.FromMinutes(10))),
                Dataset = dataset,
                Policies = [SafetyPolicy.Define("pets", "1").Category("cats", category => category.Includes("cats")).Build()],
                Folder = folder,
            },
            progress,
            cancellationToken);
        MetricValue recall = results[0].Report.Metrics.First(metric => metric is { Name: "recall", Category: "cats" });
        #endregion

        Assert.Equal((1.0, 1), (recall.Value, recall.Support));
        EvaluationResult result = Assert.Single(results);
        Assert.Equal(_folder.File("out", "report.html"), result.Page);
        Assert.True(File.Exists(result.Page) && File.Exists(_folder.File("out", "report.json")) && File.Exists(_folder.File("out", "report.md")));
        Assert.Equal(3, result.Report.Decisions!.Allowed + result.Report.Decisions.Reviewed + result.Report.Decisions.Blocked + result.Report.Decisions.Failed);
        Assert.Contains("gone.png", Assert.Single(progress.Seen[0].Problems).Message, StringComparison.Ordinal);
        Assert.Equal(new EvaluationProgress(3, 3, 0) { Step = "pets: judging" }, progress.Seen[^1]);
        Assert.DoesNotContain(Directory.EnumerateFiles(folder), file => file.EndsWith(".lock", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_evaluations_into_one_folder_at_once_are_refused_though_their_policies_differ()
    {
        string dataset = WriteDataset();
        using FolderLock first = FolderLock.Take(_folder.File("out"), ".evaluation.lock");
        EvaluationException refused = await Assert.ThrowsAsync<EvaluationException>(() => Evaluator.RunAsync(
            new EvaluationOptions { CreateGuardrail = _ => throw new InvalidOperationException(), Dataset = dataset, Folder = _folder.File("out") }, cancellationToken: Cancellation));
        Assert.Contains("another run is writing into this folder", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<EvaluationException>(() => Evaluator.RunAsync(
            new EvaluationOptions { CreateGuardrail = _ => throw new InvalidOperationException(), Limit = 2, Folder = _folder.File("out") }, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task What_cannot_be_measured_is_said_before_anything_is_made()
    {
        var nothing = new EvaluationOptions { Dataset = _folder.File("nowhere"), Folder = _folder.File("out") };
        Assert.Contains("CreateGuardrail", (await Assert.ThrowsAsync<ArgumentException>(() => Evaluator.RunAsync(nothing, cancellationToken: Cancellation))).Message, StringComparison.Ordinal);
        nothing.CreateGuardrail = _ => throw new InvalidOperationException();
        await Assert.ThrowsAsync<DatasetException>(() => Evaluator.RunAsync(nothing, cancellationToken: Cancellation));
        nothing.Dataset = WriteDataset();
        nothing.Splits = [DatasetSplit.Train];
        Assert.Contains("none of the split 'train'", (await Assert.ThrowsAsync<DatasetException>(() => Evaluator.RunAsync(nothing, cancellationToken: Cancellation))).Message, StringComparison.Ordinal);
        nothing.Splits = [DatasetSplit.None];
        nothing.Policies = [DefaultGuardrail.Policy, DefaultGuardrail.Policy];
        Assert.Contains("Two of the policies", (await Assert.ThrowsAsync<ArgumentException>(() => Evaluator.RunAsync(nothing, cancellationToken: Cancellation))).Message, StringComparison.Ordinal);
    }

    private string WriteDataset()
    {
        string folder = Directory.CreateDirectory(_folder.File("data")).FullName;
        foreach (string photo in (string[])["chelsea.png", "coffee.png", "rocket.jpg"])
        {
            File.Copy(Repository.Photo(photo), Path.Combine(folder, photo));
        }

        File.WriteAllText(Path.Combine(folder, "photos.csv"), "image,label\nchelsea.png,cats\ncoffee.png,safe\nrocket.jpg,safe\ngone.png,cats\n");
        return folder;
    }

    private sealed class Collect : IProgress<EvaluationProgress>
    {
        public List<EvaluationProgress> Seen { get; } = [];

        public void Report(EvaluationProgress value) => Seen.Add(value);
    }
}
