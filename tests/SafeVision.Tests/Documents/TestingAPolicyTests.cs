namespace SafeVision.Tests.Documents;

/// <summary>The code and the file of cases that docs/testing-a-policy.md shows.</summary>
public sealed class TestingAPolicyTests
{
    private const string Document = "docs/testing-a-policy.md";

    [Fact]
    public void The_document_shows_code_that_is_a_test() =>
        Assert.Equal(DocumentCode.Compiled("tests/SafeVision.Evaluation.Tests/Cases/PolicyCasesTests.cs"), DocumentCode.Shown(Document, "csharp"));

    [Fact]
    public void The_document_shows_the_file_of_cases_whole()
    {
        string[] file = Repository.Read("samples/cases/cats.yaml").Split('\n');
        Assert.Equal(string.Join('\n', file.Skip(1).Where(line => line.Trim().Length > 0)), Assert.Single(DocumentCode.Shown(Document, "yaml")));
    }
}
