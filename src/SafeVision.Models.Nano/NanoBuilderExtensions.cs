using SafeVision.VisionLanguage;

namespace SafeVision;

/// <summary>Adds SafeVision-Nano to a guardrail.</summary>
public static class NanoBuilderExtensions
{
    /// <summary>Judges with SafeVision-Nano, the small vision-language model of this package: it knows some 250 things
    /// as they are drawn in emoji and signs, follows any policy about them, and says what it saw and where. What a
    /// policy says in other words is not assessed. For samples, tests and teaching; it knows nothing of
    /// photographs.</summary>
    /// <param name="builder">The guardrail's builder.</param>
    /// <param name="configure">Sets how the model is asked; null: it gives reasons.</param>
    /// <exception cref="Inference.ModelLoadException">Thrown when the guardrail is built: the folder <c>models/nano</c>, which the package copies beside the application, is missing.</exception>
    public static ImageGuardrailBuilder UseNano(this ImageGuardrailBuilder builder, Action<VisionLanguageEngineOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.UseVisionLanguageModel(Path.Combine(AppContext.BaseDirectory, "models", "nano"), configure);
    }
}
