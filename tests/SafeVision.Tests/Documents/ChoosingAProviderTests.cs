using SafeVision.Assessments;

namespace SafeVision.Tests.Documents;

/// <summary>The code of docs/choosing-a-provider.md: it compiles here, and the document shows just this.</summary>
public sealed class ChoosingAProviderTests
{
    private const string Document = "docs/choosing-a-provider.md";
    private const string Source = "tests/SafeVision.Tests/Documents/ChoosingAProviderTests.cs";

    [Fact]
    public void The_document_shows_code_that_compiles()
    {
        string[] shown = DocumentCode.Shown(Document, "csharp");
        string[] compiled = DocumentCode.Compiled(Source);

        Assert.NotEmpty(shown);
        Assert.Equal(compiled, shown);
    }

    [Fact]
    public void The_document_names_the_errors_that_the_code_gives()
    {
        string document = Repository.Read(Document);
        string catalog = Repository.Read("src/SafeVision/Inference/ProviderCatalog.cs") + Repository.Read("src/SafeVision/Inference/OnnxRuntime.cs");
        string cache = Repository.Read("src/SafeVision/Inference/SessionCache.cs");
        string target = Repository.Read("packaging/buildTransitive/runtime.targets");

        foreach (string message in new[] { "The native ONNX Runtime library was not found or does not fit", "but it found no device or driver", "the native ONNX Runtime in use has no " })
        {
            Assert.Contains(message, catalog, StringComparison.Ordinal);
            Assert.Contains(message, document, StringComparison.Ordinal);
        }

        Assert.Contains("its outputs on the golden inputs differ from the processor's", cache, StringComparison.Ordinal);
        Assert.Contains("its outputs on the golden inputs differ from the processor's", document, StringComparison.Ordinal);
        Assert.Contains("SV0001", target, StringComparison.Ordinal);
        Assert.Contains("SV0001", document, StringComparison.Ordinal);
    }

    internal static void Prefer(ImageGuardrailBuilder builder)
    {
        #region prefer
        builder.PreferExecutionProviders(ExecutionProvider.Cuda, ExecutionProvider.Cpu);
        #endregion
    }

    internal static void Require(ImageGuardrailBuilder builder)
    {
        #region require
        builder.RequireExecutionProvider(ExecutionProvider.Cuda);
        #endregion
    }

    internal static void Report(GuardrailResult result)
    {
        #region report
        foreach (ModelProvenance model in result.Provenance.Models)
        {
            Console.WriteLine($"{model.Model} ran on {model.Provider}. {model.Fallback}");
        }
        #endregion
    }

    internal static void Threads(ImageGuardrailBuilder builder)
    {
        #region threads
        builder.ConfigureExecution(execution => execution.Threads = 2).WithMaxConcurrency(2);
        #endregion
    }
}
