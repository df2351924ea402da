using SafeVision.Engines.VisionLanguage;
using SafeVision.Tests.Fakes;
using SafeVision.Tests.Models.Generation;

namespace SafeVision.Tests.Engines.Conformance;

/// <summary>A classifier first, and a vision-language model for what it leaves open.</summary>
public sealed class CascadeConformance : EngineConformance
{
    private readonly TinyModel _classifier = new();

    protected override ImageGuardrailBuilder Use(ImageGuardrailBuilder builder) => builder
        .UseClassifier(_classifier.Folder)
        .UseVisionLanguageModel(GoldenText.Folder("llama"), options => options.Mode = VisionLanguageMode.Comprehension);

    public override ValueTask DisposeAsync()
    {
        _classifier.Dispose();
        return base.DisposeAsync();
    }
}
