namespace SafeVision.VisionLanguage;

/// <summary>The layout of transformers.js and onnx-community: one file for each graph and precision, in <c>onnx/</c> or flat.
/// Source: https://github.com/huggingface/transformers.js, src/models/session.js.</summary>
internal static class OnnxCommunityLayout
{
    private static readonly Dictionary<VisionLanguagePart, string[]> s_stems = new()
    {
        [VisionLanguagePart.Vision] = ["vision_encoder"],
        [VisionLanguagePart.Embedding] = ["embed_tokens"],
        [VisionLanguagePart.Decoder] = ["decoder_model_merged", "decoder_model"],
    };

    private static readonly string[] s_folders = ["onnx", ""];

    public static bool IsIn(string folder) => s_stems.Keys.Any(part => Present(folder, part).Count > 0);

    /// <exception cref="ModelLoadException">A graph, or a graph in the precision asked for, is missing.</exception>
    public static FoundFiles Find(ModelConfiguration configuration, VisionLanguageFileOptions options) =>
        new(s_stems.Keys.ToDictionary(part => part, part => Choose(configuration, part, options)), new TensorNaming());

    private static string Choose(ModelConfiguration configuration, VisionLanguagePart part, VisionLanguageFileOptions options)
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
            return present.Find(file => named.Contains(file.Suffix))?.Path
                ?? throw new ModelLoadException(
                    $"{configuration.Folder}: the {Word(part)} is not there in the precision '{must}', only in {string.Join(", ", present.Select(file => PrecisionChoice.NameOf(file.Suffix)).Distinct())}. Ask for one of these, or download the other.");
        }

        string? hint = options.Precision ?? Hint(configuration.Config["transformers.js_config"], present[0].Stem, options.Provider);
        List<string> order = [.. PrecisionChoice.Order(part, options.Provider, hint)];
        return present.Where(file => file.Stem == present[0].Stem).MinBy(file => order.IndexOf(file.Suffix))!.Path;
    }

    /// <summary>What the publisher recommends; null where it says nothing of use.</summary>
    private static string? Hint(JsonValue settings, string stem, ExecutionProvider provider)
    {
        string device = provider == ExecutionProvider.Cpu ? "cpu" : provider == ExecutionProvider.DirectML ? "dml" : "cuda";
        JsonValue types = settings["device_config"][device].Any("dtype") is { Exists: true } special ? special : settings["dtype"];
        JsonValue type = types.IsObject ? types[stem] : types;
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

/// <summary>The suffixes by which transformers.js tells precisions of one graph apart, and which of them runs best where. Source:
/// https://github.com/huggingface/transformers.js, src/utils/dtypes.js.</summary>
internal static class PrecisionChoice
{
    /// <summary>Suffix, and the names by which precisions are asked for.</summary>
    private static readonly (string Suffix, string[] Names)[] s_precisions =
    [
        ("", ["fp32", "float32"]),
        ("_fp16", ["fp16", "float16"]),
        ("_q4", ["q4", "int4"]),
        ("_q4f16", ["q4f16"]),
        ("_int8", ["int8"]),
        ("_uint8", ["uint8"]),
        ("_quantized", ["q8", "quantized"]),
        ("_q8", ["q8"]),
        ("_bnb4", ["bnb4"]),
        ("_q2", ["q2"]),
        ("_q2f16", ["q2f16"]),
        ("_q1", ["q1"]),
        ("_q1f16", ["q1f16"]),
    ];

    // On a processor 4-bit weights with 32-bit activations decode fastest, and 16-bit floats are computed by converting
    // them to and fro. A table of 4-bit embeddings is often stored as 32-bit floats after all. A vision tower is bound by
    // arithmetic, not by memory, and errors in it reach every token.
    private static readonly string[] s_processorDecoder = ["_q4", "_quantized", "_q8", "_int8", "_uint8", "", "_bnb4", "_q4f16", "_fp16"];
    private static readonly string[] s_processorEmbedding = ["_fp16", "_int8", "_quantized", "_q8", "_uint8", "", "_q4", "_q4f16", "_bnb4"];
    private static readonly string[] s_processorVision = ["", "_fp16", "_quantized", "_q8", "_int8", "_uint8", "_q4", "_q4f16", "_bnb4"];
    private static readonly string[] s_acceleratorDecoder = ["_q4f16", "_fp16", "_q4", "", "_bnb4", "_quantized", "_q8", "_int8", "_uint8"];
    private static readonly string[] s_acceleratorOther = ["_fp16", "", "_q4f16", "_q4", "_bnb4", "_quantized", "_q8", "_int8", "_uint8"];
    private static readonly string[] s_last = ["_q2", "_q2f16", "_q1", "_q1f16"];

    public static IEnumerable<string> Suffixes => s_precisions.Select(precision => precision.Suffix);

    /// <summary>The suffixes that a precision may stand for; none where its name is not known.</summary>
    public static IReadOnlyList<string> Named(string precision) =>
        [.. s_precisions.Where(known => known.Names.Contains(precision, StringComparer.OrdinalIgnoreCase)).Select(known => known.Suffix)];

    public static string NameOf(string suffix) => Array.Find(s_precisions, known => known.Suffix == suffix).Names[0];

    public static string Known => string.Join(", ", s_precisions.SelectMany(known => known.Names).Distinct());

    /// <param name="hint">The precision that the publisher recommends, mostly for browsers with a graphics processor;
    /// taken first unless it is one in which a processor decodes slowly.</param>
    public static IEnumerable<string> Order(VisionLanguagePart part, ExecutionProvider provider, string? hint)
    {
        bool onProcessor = provider == ExecutionProvider.Cpu;
        string[] best = (onProcessor, part) switch
        {
            (true, VisionLanguagePart.Decoder) => s_processorDecoder,
            (true, VisionLanguagePart.Embedding) => s_processorEmbedding,
            (true, _) => s_processorVision,
            (false, VisionLanguagePart.Decoder) => s_acceleratorDecoder,
            _ => s_acceleratorOther,
        };
        IEnumerable<string> hinted = hint is null ? [] : Named(hint)
            .Where(suffix => !(onProcessor && part == VisionLanguagePart.Decoder && suffix.EndsWith("16", StringComparison.Ordinal)));
        return hinted.Concat(best).Concat(s_last).Distinct();
    }
}

/// <summary>The layout of onnxruntime-genai: a flat folder whose genai_config.json names files and tensors. Defaults are those of
/// https://github.com/microsoft/onnxruntime-genai, src/config.h.</summary>
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
            new Dictionary<VisionLanguagePart, string>
            {
                [VisionLanguagePart.Vision] = Find(configuration.Folder, model["vision"]),
                [VisionLanguagePart.Embedding] = Find(configuration.Folder, model["embedding"]),
                [VisionLanguagePart.Decoder] = Find(configuration.Folder, decoder),
            },
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
