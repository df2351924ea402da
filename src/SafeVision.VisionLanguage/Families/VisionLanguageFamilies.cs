using SafeVision.Inference;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Families;

/// <summary>The families that are known; a new one is a file and a line here.</summary>
internal static class VisionLanguageFamilies
{
    private static readonly IVisionLanguageFamily[] s_all = [new InternVl(), new LlavaOneVision(), new Idefics3(), new Qwen2Vl()];

    /// <summary>Reads how a model is fed.</summary>
    /// <exception cref="ModelLoadException">No family is known for it; the message lists those that are.</exception>
    public static VisionLanguageProfile Read(ModelConfiguration configuration, TextTokenizer tokenizer, PreparationOptions? options = null)
    {
        string type = configuration.Config["model_type"].Text() ?? configuration.GenAI["model"]["type"].Text()
            ?? throw new ModelLoadException($"{configuration.Folder}: neither config.json ('model_type') nor genai_config.json ('model.type') says what the model is. Copy the configuration files of the checkpoint beside the ONNX files.");
        IVisionLanguageFamily family = s_all.FirstOrDefault(known => known.ModelTypes.Contains(type))
            ?? throw new ModelLoadException($"{configuration.Folder}: the model type '{type}' is not known. Known are {string.Join(", ", s_all.SelectMany(known => known.ModelTypes))}.");
        return family.Read(configuration, tokenizer, options ?? PreparationOptions.Default);
    }
}
