using SafeVision.Inference;
using SafeVision.VisionLanguage.Families;

namespace SafeVision.VisionLanguage;

/// <summary>
/// The layout of transformers.js and onnx-community: one file for each graph and precision, in <c>onnx/</c> or flat.
/// Source: https://github.com/huggingface/transformers.js, src/models/session.js.
/// </summary>
internal static class OnnxCommunityLayout
{
    private static readonly Dictionary<VisionLanguagePart, string[]> s_stems = new()
    {
        [VisionLanguagePart.Vision] = ["vision_encoder"],
        [VisionLanguagePart.Embedding] = ["embed_tokens"],
        [VisionLanguagePart.Decoder] = ["decoder_model_merged", "decoder_model"],
    };

    private static readonly string[] s_folders = ["onnx", ""];

    /// <summary>Whether the folder has any file of this layout.</summary>
    public static bool IsIn(string folder) => s_stems.Keys.Any(part => Present(folder, part).Count > 0);

    /// <exception cref="ModelLoadException">A graph, or a graph in the precision asked for, is missing.</exception>
    public static FoundFiles Find(ModelConfiguration configuration, VisionLanguageFileOptions options)
    {
        Dictionary<VisionLanguagePart, Candidate> chosen = s_stems.Keys.ToDictionary(part => part, part => Choose(configuration, part, options));
        return new FoundFiles(
            VisionLanguageLayout.OnnxCommunity,
            chosen.ToDictionary(part => part.Key, part => part.Value.Path),
            chosen.ToDictionary(part => part.Key, part => part.Value.Suffix),
            new TensorNaming());
    }

    private static Candidate Choose(ModelConfiguration configuration, VisionLanguagePart part, VisionLanguageFileOptions options)
    {
        List<Candidate> present = Present(configuration.Folder, part);
        if (present.Count == 0)
        {
            throw new ModelLoadException(
                $"{configuration.Folder}: the {Word(part)} is missing: neither {string.Join(" nor ", s_stems[part].Select(stem => $"onnx/{stem}.onnx"))} nor one with a suffix ({string.Join(", ", PrecisionChoice.Suffixes.Where(suffix => suffix != ""))}) is there, in onnx/ or beside config.json. Download it, or make the folder with 'safevision convert'.");
        }

        string? must = options.PartPrecisions.GetValueOrDefault(part) ?? (part == VisionLanguagePart.Decoder ? options.Precision : null);
        if (must is not null)
        {
            IReadOnlyList<string> named = PrecisionChoice.Named(must) is { Count: > 0 } known
                ? known
                : throw new ModelLoadException($"{configuration.Folder}: the precision '{must}' is not known. Known are {PrecisionChoice.Known}.");
            return present.Find(file => named.Contains(file.Suffix))
                ?? throw new ModelLoadException(
                    $"{configuration.Folder}: the {Word(part)} is not there in the precision '{must}', only in {string.Join(", ", present.Select(file => PrecisionChoice.NameOf(file.Suffix)).Distinct())}. Ask for one of these, or download the other.");
        }

        string? hint = options.Precision ?? Hint(configuration.Config["transformers.js_config"], present[0].Stem, options.Provider);
        List<string> order = [.. PrecisionChoice.Order(part, options.Provider, hint)];
        return present.Where(file => file.Stem == present[0].Stem).MinBy(file => order.IndexOf(file.Suffix))!;
    }

    /// <summary>What the publisher recommends; null where it says nothing of use.</summary>
    private static string? Hint(ConfigurationValue settings, string stem, ExecutionProvider provider)
    {
        string device = provider == ExecutionProvider.Cpu ? "cpu" : provider == ExecutionProvider.DirectML ? "dml" : "cuda";
        ConfigurationValue types = settings["device_config"][device].Any("dtype") is { Exists: true } special ? special : settings["dtype"];
        ConfigurationValue type = types.IsObject ? types[stem] : types;
        return type.IsText ? type.Text() : null;
    }

    /// <summary>The files of a graph, the preferred stem and folder first.</summary>
    private static List<Candidate> Present(string folder, VisionLanguagePart part) =>
    [
        .. from stem in s_stems[part]
           from suffix in PrecisionChoice.Suffixes
           from inner in s_folders
           let path = Path.Combine(folder, inner, $"{stem}{suffix}.onnx")
           where File.Exists(path)
           select new Candidate(stem, suffix, path),
    ];

    private static string Word(VisionLanguagePart part) => part switch
    {
        VisionLanguagePart.Vision => "vision tower",
        VisionLanguagePart.Embedding => "token embedding",
        _ => "decoder",
    };

    private sealed record Candidate(string Stem, string Suffix, string Path);
}
