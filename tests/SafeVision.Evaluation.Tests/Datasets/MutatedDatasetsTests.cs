using SafeVision.Evaluation.Datasets;
using SafeVision.Tests;

namespace SafeVision.Evaluation.Tests.Datasets;

/// <summary>Datasets of strangers, damaged: each is read with its problems, or refused with the error that is promised.</summary>
public sealed class MutatedDatasetsTests : IDisposable
{
    private const string Table = """"
        id,image,labels,split,tags,reason,objects
        1,a.jpg,Sexual,test,source:web,A nude person.,
        2,b.jpg,Political;gambling,train,,,"[{""name"":""dice"",""box"":{""x"":0.1,""y"":0.2,""width"":0.3,""height"":0.2},""categories"":[""gambling""]}]"
        3,c.jpg,safe,test,,,
        """";

    private const string Lines = """
        {"id": "a/1", "image": "images/1.png", "labels": ["Animal_Cruelty"], "split": "test", "tags": ["scene:trap"], "objects": [{"name": "wolf trap", "box": {"x": 0.2, "y": 0.4, "width": 0.3, "height": 0.2}, "categories": ["Animal_Cruelty"]}], "reasons": {"Animal_Cruelty": "A wolf trap."}}
        {"id": "a/2", "image": "images/2.png", "labels": []}
        """;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("table.csv", Table)]
    [InlineData("samples.jsonl", Lines)]
    public async Task A_damaged_dataset_is_read_with_its_problems_or_refused(string name, string content)
    {
        string original = Path.Combine(_folder.Path, name), about = Path.Combine(_folder.Path, "dataset.json");
        File.WriteAllText(original, content);
        File.WriteAllText(about, """{"name": "mine", "version": "1", "categories": ["Animal_Cruelty", "gambling"]}""");
        using var mutated = new MutatedFolder(name == "samples.jsonl" ? [original, about] : [original]);
        await mutated.EachAsync(FileMutation.Count(150), 6, () => Task.Run(() =>
        {
            EvaluationDataset dataset = DatasetReader.Read(name == "samples.jsonl" ? mutated.Path : Path.Combine(mutated.Path, name));
            Assert.All(dataset.Samples, sample => Assert.All(sample.Objects, thing => Assert.InRange(thing.Box.Width, 0, 1)));
        }), exception => exception is DatasetException);
    }

    public void Dispose() => _folder.Dispose();
}
