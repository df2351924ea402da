namespace SafeVision.Tests.Engines.Conformance;

/// <summary>The classifier engine on the models in the package.</summary>
public sealed class DefaultModelsConformance : LoadedEngineConformance
{
    protected override ImageGuardrailBuilder Use(ImageGuardrailBuilder builder) => builder.UseDefaultModels();
}
