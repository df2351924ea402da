using SafeVision.Engines;
using SafeVision.Engines.ClosedSet;
using SafeVision.Models;

namespace SafeVision;

/// <summary>Adds the default models to a guardrail.</summary>
public static class DefaultModelsBuilderExtensions
{
    /// <summary>
    /// Judges with the models of this package: first the NSFW classifier, then the object classifier, whose thousand labels
    /// are compared with the words of the policy.
    /// </summary>
    /// <param name="builder">The guardrail's builder.</param>
    /// <param name="options">Similarity and views; null: the defaults.</param>
    public static ImageGuardrailBuilder UseDefaultModels(this ImageGuardrailBuilder builder, ClassifierEngineOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        options ??= new ClassifierEngineOptions();
        return builder
            .UseEngine(context => Engine(DefaultModels.Nsfw, null, options, context))
            .UseEngine(context => Engine(DefaultModels.Objects, DefaultModels.Drawings, options, context));
    }

    private static ClassifierEngine Engine(ModelPackage classifier, ModelPackage? drawings, ClassifierEngineOptions options, EngineContext context) =>
        new(classifier, DefaultModels.Phrases, options, context, drawings);
}
