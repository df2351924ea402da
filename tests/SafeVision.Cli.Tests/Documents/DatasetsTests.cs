using SafeVision.Evaluation.Datasets;
using SafeVision.Tests.Documents;

namespace SafeVision.Cli.Tests.Documents;

/// <summary>The datasets and the code of docs/datasets.md.</summary>
public sealed class DatasetsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_document_shows_code_that_compiles() => Assert.Equal(
        DocumentCode.Compiled("tests/SafeVision.Cli.Tests/Documents/DatasetsTests.cs"),
        DocumentCode.Shown("docs/datasets.md", "csharp"));

    [Fact]
    public void The_table_is_read_as_the_document_says()
    {
        string table = _folder.Write("table.csv", DocumentCode.Shown("docs/datasets.md", "csv").Single());
        EvaluationDataset dataset = DatasetReader.Read(table, new DatasetReadOptions { CheckImages = false });
        Assert.Empty(dataset.Problems);
        Assert.Equal(["Sexual", "Political", "gambling"], dataset.Categories);
        Assert.Equal(["Sexual", "Political gambling", ""], dataset.Samples.Select(sample => string.Join(' ', sample.Labels)));
        Assert.Equal("A nude person.", dataset.Samples[0].Reasons["Sexual"]);
        Assert.Equal("dice", Assert.Single(dataset.Samples[1].Objects).Name);
    }

    [Fact]
    public void The_lines_are_read_as_the_document_says()
    {
        string[] json = DocumentCode.Shown("docs/datasets.md", "json");
        _folder.Write("dataset.json", json[0]);
        _folder.Write("samples.jsonl", DocumentCode.Shown("docs/datasets.md", "jsonl").Single());
        EvaluationDataset dataset = DatasetReader.Read(_folder.Path, new DatasetReadOptions { CheckImages = false, LabelMap = DatasetReadOptions.ReadLabelMap(_folder.Write("map.json", json[1])) });
        Assert.Empty(dataset.Problems);
        Assert.Equal(("my-dataset", "1", 2), (dataset.Name, dataset.Version, dataset.Samples.Count));
        Assert.Equal("A wolf trap is closed on a cat.", dataset.Samples[0].Reasons["Animal_Cruelty"]);
        Assert.Equal(DatasetSplit.Test, dataset.Samples[0].Split);
    }

    [Fact]
    public async Task The_code_does_what_the_document_says()
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        string folder = _folder.Path;
        _folder.Photo("chelsea.png", "cats/1/a.png");
        _folder.Photo("coffee.png", "safe/2/b.png");
        #region split
        EvaluationDataset dataset = DatasetReader.Read(folder);
        EvaluationDataset dealt = dataset.SplitByHash(
            [(DatasetSplit.Calibration, 0.3), (DatasetSplit.Test, 0.7)], group: sample => sample.Id.Split('/')[0]);
        LeakReport leaks = await LeakCheck.FindAsync(dealt, cancellationToken: cancellationToken);
        #endregion
        Assert.All(dealt.Samples, sample => Assert.Contains(sample.Split, (DatasetSplit[])[DatasetSplit.Calibration, DatasetSplit.Test]));
        Assert.Equal((0, 2), (leaks.ProblemCount, leaks.Compared));
    }
}
