using SafeVision.Evaluation.Datasets;

namespace SafeVision.Evaluation.Tests.Datasets;

public sealed class DatasetPathsTests
{
    [Theory]
    [InlineData("../secret.png")]
    [InlineData("images/../../secret.png")]
    [InlineData("/etc/passwd")]
    [InlineData("images\\a.png")]
    [InlineData("a\0.png")]
    [InlineData("")]
    public void A_path_out_of_the_dataset_is_refused(string path) =>
        Assert.Throws<DatasetException>(() => DatasetPaths.Resolve(AppContext.BaseDirectory, path));

    [Fact]
    public void A_link_is_refused_and_a_file_beside_it_is_not()
    {
        string folder = Directory.CreateTempSubdirectory("safevision-dataset").FullName;
        try
        {
            File.WriteAllBytes(Path.Combine(folder, "a.png"), [1]);
            File.CreateSymbolicLink(Path.Combine(folder, "b.png"), Path.Combine(folder, "a.png"));
            Assert.Equal(Path.Combine(folder, "a.png"), DatasetPaths.Resolve(folder, "a.png"));
            Assert.Contains("is a link", Assert.Throws<DatasetException>(() => DatasetPaths.Resolve(folder, "b.png")).Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
