using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Families;

/// <summary>
/// A family of vision-language models: what its configuration files mean for preprocessing, prompt and wiring. The facts of
/// a family stand in its file and nowhere else.
/// </summary>
internal interface IVisionLanguageFamily
{
    /// <summary>The family's name in errors and provenance, such as <c>internvl</c>.</summary>
    string Name { get; }

    /// <summary>The values of <c>model_type</c> in config.json, or of <c>model.type</c> in genai_config.json, that name it.</summary>
    IReadOnlyList<string> ModelTypes { get; }

    /// <summary>Reads how the model is fed.</summary>
    /// <exception cref="Inference.ModelLoadException">The configuration lacks something or contradicts itself; the message names file and key.</exception>
    VisionLanguageProfile Read(ModelConfiguration configuration, TextTokenizer tokenizer, PreparationOptions options);
}
