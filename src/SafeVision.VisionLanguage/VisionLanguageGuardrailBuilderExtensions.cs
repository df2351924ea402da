using SafeVision.VisionLanguage;

namespace SafeVision;

/// <summary>Adds vision-language models to a guardrail.</summary>
public static class VisionLanguageGuardrailBuilderExtensions
{
    private static readonly TimeSpan s_usualTimeout = TimeSpan.FromMinutes(5); // what a processor may need for a large model

    /// <summary>Adds a vision-language engine: a model that reads the policy, looks at the image, names the category and says why.
    /// Where no time-out is set, one image may take 5 minutes.</summary>
    /// <param name="builder">The guardrail.</param>
    /// <param name="folder">The model's folder: ONNX files with the configuration and tokenizer files of the checkpoint.</param>
    /// <param name="configure">Sets how the model is asked; null: the defaults.</param>
    /// <exception cref="ArgumentException">The folder is empty. An option out of range is found when the guardrail is built.</exception>
    public static ImageGuardrailBuilder UseVisionLanguageModel(
        this ImageGuardrailBuilder builder, string folder, Action<VisionLanguageEngineOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        var options = new VisionLanguageEngineOptions();
        configure?.Invoke(options);
        return builder.UseEngine(context => new VisionLanguageEngine(folder, options, context), s_usualTimeout);
    }
}
