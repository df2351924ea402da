using SafeVision.Files;
using SafeVision.Inference;
using SafeVision.VisionLanguage.Families;

namespace SafeVision.VisionLanguage;

/// <summary>
/// The layout of onnxruntime-genai: a flat folder whose genai_config.json names files and tensors. Defaults are those of
/// https://github.com/microsoft/onnxruntime-genai, src/config.h.
/// </summary>
internal static class GenAILayout
{
    private const string File = "genai_config.json";

    /// <exception cref="ModelLoadException">The configuration lacks something, or a file that it names is missing.</exception>
    public static FoundFiles Find(ModelConfiguration configuration)
    {
        JsonValue model = configuration.GenAI["model"];
        JsonValue decoder = model["decoder"];
        if (decoder["pipeline"].Exists)
        {
            throw decoder["pipeline"].Wrong("no pipeline: a decoder cut into several graphs is not supported; export it as one");
        }

        JsonValue visionInputs = model["vision"]["inputs"];
        var usual = new TensorNaming();
        return new FoundFiles(
            VisionLanguageLayout.GenAI,
            new Dictionary<VisionLanguagePart, string>
            {
                [VisionLanguagePart.Vision] = Find(configuration.Folder, model["vision"]),
                [VisionLanguagePart.Embedding] = Find(configuration.Folder, model["embedding"]),
                [VisionLanguagePart.Decoder] = Find(configuration.Folder, decoder),
            },
            Enum.GetValues<VisionLanguagePart>().ToDictionary(part => part, _ => ""),
            new TensorNaming
            {
                PixelValues = Name(visionInputs["pixel_values"], usual.PixelValues),
                VisionInputs = OtherInputs(visionInputs),
                ImageFeatures = Name(model["vision"]["outputs"]["image_features"], usual.ImageFeatures),
                InputIds = Name(model["embedding"]["inputs"]["input_ids"], usual.InputIds),
                EmbeddingImageFeatures = Name(model["embedding"]["inputs"]["image_features"], usual.EmbeddingImageFeatures),
                Embedded = Name(model["embedding"]["outputs"]["inputs_embeds"], usual.Embedded),
                Embeddings = Name(decoder["inputs"]["inputs_embeds"], usual.Embeddings),
                Mask = Name(decoder["inputs"]["attention_mask"], usual.Mask),
                Positions = Name(decoder["inputs"]["position_ids"], usual.Positions),
                Logits = Name(decoder["outputs"]["logits"], usual.Logits),
                PastKey = Pattern(decoder["inputs"]["past_key_names"], usual.PastKey),
                PastValue = Pattern(decoder["inputs"]["past_value_names"], usual.PastValue),
                PresentKey = Pattern(decoder["outputs"]["present_key_names"], usual.PresentKey),
                PresentValue = Pattern(decoder["outputs"]["present_value_names"], usual.PresentValue),
            });
    }

    private static string Find(string folder, JsonValue part)
    {
        JsonValue file = part["filename"];
        string name = file.RequiredText();
        if (name.Length == 0 || name is "." or ".." || name.AsSpan().IndexOfAny("/\\:\0") >= 0)
        {
            throw file.Wrong("a plain file name; a model may only name files of its own folder");
        }

        string path = Path.Combine(folder, name);
        return System.IO.File.Exists(path)
            ? path
            : throw new ModelLoadException($"{path}: is missing; {File} names it. Download it to the same folder, or correct the name.");
    }

    private static string Name(JsonValue value, string otherwise) =>
        value.Text() is { } name ? name.Length is > 0 and <= 256 ? name : throw value.Wrong("a tensor's name") : otherwise;

    private static string Pattern(JsonValue value, string otherwise)
    {
        string pattern = Name(value, otherwise);
        return pattern.Contains("%d", StringComparison.Ordinal) && pattern.Count(character => character == '%') == 1
            ? pattern
            : throw value.Wrong("a tensor's name in which %d stands once, for the layer");
    }

    private static Dictionary<string, string> OtherInputs(JsonValue inputs)
    {
        var names = new Dictionary<string, string>();
        foreach ((string name, JsonValue input) in inputs.IsObject ? inputs.Members() : [])
        {
            if (name != "pixel_values" && input.IsText)
            {
                names[name] = Name(input, name);
            }
        }

        return names;
    }
}
