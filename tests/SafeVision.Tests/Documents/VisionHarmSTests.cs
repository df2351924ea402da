namespace SafeVision.Tests.Documents;

/// <summary>The code that docs/visionharm-s.md shows.</summary>
public sealed class VisionHarmSTests
{
    [Fact]
    public void The_document_shows_code_that_is_run_by_a_test() => Assert.Equal(
        DocumentCode.Compiled("tests/SafeVision.Evaluation.Tests/Symbols/SymbolScenesTests.cs"),
        DocumentCode.Shown("docs/visionharm-s.md", "csharp"));
}
