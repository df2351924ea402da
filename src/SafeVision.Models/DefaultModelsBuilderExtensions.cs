using SafeVision.Engines.ClosedSet;
using SafeVision.Models;

namespace SafeVision;

/// <summary>Adds the default models to a guardrail.</summary>
public static class DefaultModelsBuilderExtensions
{
    /// <summary>Judges with the models of this package: the NSFW classifier and the object classifier, whose labels are
    /// found by what the words of the policy mean.</summary>
    /// <param name="builder">The guardrail's builder.</param>
    /// <param name="options">Drawings and views; null: the defaults.</param>
    public static ImageGuardrailBuilder UseDefaultModels(this ImageGuardrailBuilder builder, ClassifierEngineOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        options ??= new ClassifierEngineOptions();
        return builder.UseEngine(context =>
            new ClassifierEngine([DefaultModels.Nsfw, DefaultModels.Objects], DefaultModels.Taxonomy, options, context, DefaultModels.Drawings));
    }
}
