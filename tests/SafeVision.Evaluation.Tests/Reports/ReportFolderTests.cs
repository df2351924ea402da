using System.Text.Json;
using SafeVision.Evaluation.Reports;

namespace SafeVision.Evaluation.Tests.Reports;

public sealed class ReportFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("safevision-report").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Three_files_lie_side_by_side_and_hold_the_same_numbers()
    {
        string page = await ReportFolder.WriteAsync(
            _folder, SampleReport.Create(SampleReport.Mistake()), _ => ImageSource.FromFile(Repository.Photo("chelsea.png")), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(["report.html", "report.json", "report.md"], Directory.GetFiles(_folder).Select(Path.GetFileName).Order());
        Assert.Contains(">0.853</span>", await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("| ROC-AUC, macro | 0.853 | 0.830 to 0.880 | 3 categories |", await File.ReadAllTextAsync(Path.Combine(_folder, "report.md"), TestContext.Current.CancellationToken), StringComparison.Ordinal);

        using JsonDocument json = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(_folder, "report.json"), TestContext.Current.CancellationToken));
        JsonElement auc = json.RootElement.GetProperty("metrics").EnumerateArray().Single(metric => metric.GetProperty("name").GetString() == "macroRocAuc");
        Assert.Equal(0.853, auc.GetProperty("value").GetDouble());
        Assert.Equal("share", auc.GetProperty("unit").GetString());
        Assert.Equal(json.RootElement.GetProperty("run").GetString(), auc.GetProperty("run").GetString());
        Assert.Equal(new string('a', 64), json.RootElement.GetProperty("identity").GetProperty("policyHash").GetString());
        JsonElement undefined = json.RootElement.GetProperty("metrics").EnumerateArray().First(metric => metric.GetProperty("name").GetString() == "recall" && metric.GetProperty("category").GetString() == SampleReport.HostileCategory);
        Assert.Equal(JsonValueKind.Null, undefined.GetProperty("value").ValueKind);
    }

    [Fact]
    public async Task Json_is_the_same_bytes_each_time()
    {
        using MemoryStream first = new(), second = new();
        await JsonReport.WriteAsync(first, SampleReport.Create(SampleReport.Mistake()), TestContext.Current.CancellationToken);
        await JsonReport.WriteAsync(second, SampleReport.Create(SampleReport.Mistake()), TestContext.Current.CancellationToken);
        Assert.Equal(first.ToArray(), second.ToArray());
        Assert.DoesNotContain("NaN", System.Text.Encoding.UTF8.GetString(first.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public void Runs_that_differ_in_one_thing_have_other_names()
    {
        var run = SampleReport.Identity;
        string[] ids =
        [
            ReportIdentity.Id(run), ReportIdentity.Id(run with { Seed = 2 }), ReportIdentity.Id(run with { PolicyHash = "b" }),
            ReportIdentity.Id(run with { Models = [] }), ReportIdentity.Id(run with { DatasetHash = "c" }), ReportIdentity.Id(run with { Transform = "blur" }),
        ];
        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.Equal(ids[0], ReportIdentity.Id(run with { Models = [.. run.Models] }));
    }
}
