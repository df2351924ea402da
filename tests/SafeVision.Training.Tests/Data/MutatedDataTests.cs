using SafeVision.Evaluation.Datasets;
using SafeVision.Policies;
using SafeVision.Tests;
using SafeVision.Training.Data;
using SafeVision.Training.Data.Sources;

namespace SafeVision.Training.Tests.Data;

/// <summary>Files of training data, damaged: each is read, or refused with the error that is promised.</summary>
public sealed class MutatedDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task A_damaged_dataset_is_read_or_refused()
    {
        DataProject project = await ProjectAsync();
        await project.ExportAsync(DataProjectTests.Stop);
        using var mutated = new MutatedFolder([Path.Combine(project.Folder, "dataset", "samples.jsonl")]);
        await mutated.EachAsync(FileMutation.Count(60), 3, async () =>
        {
            TrainingDataset dataset = await TrainingDataset.OpenAsync(mutated.Path, DataProjectTests.Stop);
            foreach (TrainingSample sample in await DataProjectTests.AllAsync(dataset))
            {
                dataset.LoadPolicy(sample);
            }
        }, exception => exception is TrainingDataException or PolicyException);
    }

    [Theory]
    [InlineData("collect")]
    [InlineData("generate")]
    [InlineData("split")]
    public async Task Damaged_records_of_a_stage_are_gone_on_with_or_refused(string stage)
    {
        DataProject project = await ProjectAsync();
        string folder = Path.Combine(project.Folder, stage);
        using var mutated = new MutatedFolder(Directory.EnumerateFiles(folder).Where(path => Path.GetExtension(path) is ".json" or ".jsonl").ToArray());
        await mutated.EachAsync(FileMutation.Count(25), 4, async () =>
        {
            foreach (string path in Directory.EnumerateFiles(mutated.Path))
            {
                File.Copy(path, Path.Combine(folder, Path.GetFileName(path)), overwrite: true);
            }

            await DataProjectTests.CollectAsync(project, 3, new());
            await project.GenerateAsync(new GenerateOptions { Policy = DataProjectTests.Policy }, null, DataProjectTests.Stop);
            await project.SplitAsync(null, null, DataProjectTests.Stop);
            await project.ExportAsync(DataProjectTests.Stop);
        }, exception => exception is TrainingDataException);
    }

    [Fact]
    public async Task A_damaged_list_of_addresses_is_read_or_refused()
    {
        string list = Path.Combine(_folder.Path, "list.csv");
        File.WriteAllText(list, "url,text,license,sha256\nhttps://a.example/1.png,\"a \"\"cat\"\", sitting\",CC0,\nhttps://a.example/2.png,\"two\nlines\",,00ff\n");
        using var mutated = new MutatedFolder([list]);
        await mutated.EachAsync(FileMutation.Count(60), 5, async () =>
        {
            using var fetcher = new Training.Data.Fetching.ImageFetcher(new());
            await foreach (Candidate candidate in DataSource.FromAddresses("list", Path.Combine(mutated.Path, "list.csv"), fetcher).ReadAsync(DataProjectTests.Stop))
            {
                candidate.Describe();
            }
        }, exception => exception is TrainingDataException or DatasetException);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<DataProject> ProjectAsync()
    {
        DataProject project = DataProject.Open(Path.Combine(_folder.Path, "p"));
        await DataProjectTests.CollectAsync(project, 3, new());
        await project.GenerateAsync(new GenerateOptions { Policy = DataProjectTests.Policy }, null, DataProjectTests.Stop);
        await project.SplitAsync(null, null, DataProjectTests.Stop);
        return project;
    }
}
