using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Engines.Conformance;

/// <summary>The classifier engine on a model of a few hundred bytes.</summary>
public sealed class ClassifierConformance : LoadedEngineConformance
{
    private readonly TinyModel _model = new();

    protected override ImageGuardrailBuilder Use(ImageGuardrailBuilder builder) => builder.UseClassifier(_model.Folder);

    public override ValueTask DisposeAsync()
    {
        _model.Dispose();
        return base.DisposeAsync();
    }
}
