namespace SafeVision.Models;

/// <summary>A model's <c>manifest.json</c>: what it is, where it comes from, how an image becomes its input and what its outputs
/// mean. Preprocessing is part of it, because a model fed otherwise gives other answers.</summary>
public sealed record ModelManifest
{
    /// <summary>The name of the file.</summary>
    public const string FileName = "manifest.json";

    internal const string TaxonomyKind = "taxonomy"; // the kind of a folder of tables that says what words mean

    private const int LargestManifest = 8 << 20;

    private const int LargestGolden = 16 << 20;

    /// <summary>The version of this format: 1.</summary>
    public required int Schema { get; init; }

    /// <summary>A short stable name, such as <c>efficientnet-lite0</c>.</summary>
    public required string Id { get; init; }

    /// <summary><c>imageClassifier</c>, <c>classifierHead</c>, <c>contrastive</c>, <c>visionLanguage</c> or <c>taxonomy</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>One sentence: what the model can tell.</summary>
    public string Description { get; init => field = value ?? ""; } = "";

    /// <summary>The SPDX identifier of the weights' licence.</summary>
    public required string License { get; init; }

    /// <summary>Where the weights come from.</summary>
    public string Source { get; init => field = value ?? ""; } = "";

    /// <summary>The ONNX file; of a contrastive model: what makes vectors of images; of a vision-language model: its decoder, in the subfolder <c>onnx</c>.</summary>
    public required string File { get; init; }

    /// <summary>The hash of <see cref="File"/>, lower-case hex.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The size of <see cref="File"/>.</summary>
    public long Bytes { get; init; }

    /// <summary>Other files of the folder and their hashes.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init => field = value ?? ReadOnlyDictionary<string, string>.Empty; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>The name of the graph's image input.</summary>
    public string Input { get; init => field = value ?? "input"; } = "input";

    /// <summary>The graph's outputs by role: <c>logits</c>, <c>probabilities</c>, <c>features</c>, <c>headWeights</c>, <c>embeddings</c>, <c>imageEmbeddings</c>, <c>textEmbeddings</c>.</summary>
    public IReadOnlyDictionary<string, string> Outputs { get; init => field = value ?? ReadOnlyDictionary<string, string>.Empty; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>How an image becomes the input; null for a vision-language model, whose own files say it.</summary>
    public PreprocessingRecipe? Preprocessing { get; init; }

    /// <summary>How images and texts are compared; null for a model that does not.</summary>
    public ContrastiveSettings? Contrastive { get; init; }

    /// <summary>The hash of the classifier's file whose pooled features a <c>classifierHead</c> reads; null for every other kind.</summary>
    public string? FeaturesOf { get; init; }

    /// <summary>The classes, in the order of the outputs.</summary>
    public IReadOnlyList<string> Labels { get; init => field = value ?? []; } = [];

    /// <summary>The set of the taxonomy whose names the labels are, such as <c>symbols</c>; null: found out by comparing, where the
    /// labels are exactly those of a known set, else a set of the model's own, whose names are read as words.</summary>
    public string? LabelSet { get; init; }

    /// <summary>Other names of a label of a set of the model's own, the first for the meaning, all to be asked for by; a label without an entry stands for itself.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Aliases { get; init => field = value ?? ReadOnlyDictionary<string, IReadOnlyList<string>>.Empty; } = ReadOnlyDictionary<string, IReadOnlyList<string>>.Empty;

    /// <summary>How a label is said in a sentence, such as "a pornographic picture".</summary>
    public IReadOnlyDictionary<string, string> Display { get; init => field = value ?? ReadOnlyDictionary<string, string>.Empty; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Labels that stand for a built-in category by agreement: label → category id → weight 0 to 1.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> Categories { get; init => field = value ?? ReadOnlyDictionary<string, IReadOnlyDictionary<string, double>>.Empty; } = ReadOnlyDictionary<string, IReadOnlyDictionary<string, double>>.Empty;

    /// <summary>The categories that the labels of <see cref="Categories"/> cover whole, not only in part.</summary>
    public IReadOnlyList<string> FullCategories { get; init => field = value ?? []; } = [];

    /// <summary>From probability mass to score; null: the mass is the score.</summary>
    public ScoreCalibration? Calibration { get; init; }

    /// <summary>What a classifier's logits are divided by, 0.05 to 20: below 1 for one that is less sure than it is right. Null: 1.</summary>
    public double? Temperature { get; init; }

    /// <summary>Whether a score of a classifier counts only as far as several views of the image agree on it. Default: false.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool ViewsMustAgree { get; init; }

    /// <summary>Which other classifier is asked about high scores; null: none.</summary>
    public OpinionSource? SecondOpinion { get; init; }

    /// <summary>Inputs made from a seed and the outputs that the processor gave for them, to check a machine or a provider.</summary>
    public IReadOnlyList<ModelGolden> Goldens { get; init => field = value ?? []; } = [];

    /// <summary>How it was made; null when unknown.</summary>
    public ModelConversion? Converted { get; init; }

    /// <summary>The names that a label goes by: its aliases, or else its synonyms, which commas part.</summary>
    internal IReadOnlyList<string> NamesOf(string label) =>
        Aliases.TryGetValue(label, out IReadOnlyList<string>? aliases) ? aliases : label.Split(", ");

    /// <summary>Reads and checks the manifest of a folder.</summary>
    /// <exception cref="ModelLoadException">It is missing or invalid; the message names the folder and the property.</exception>
    public static ModelManifest Read(ModelFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        using Stream stream = folder.OpenRead(FileName);
        if (stream.Length > LargestManifest)
        {
            throw new ModelLoadException($"{folder.Description}/{FileName}: {stream.Length} bytes are more than a manifest may have ({LargestManifest}).");
        }

        try
        {
            ModelManifest manifest = JsonSerializer.Deserialize(stream, ModelJson.Default.ModelManifest)
                ?? throw new JsonException("it holds null");
            manifest.Validate();
            return manifest;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or IOException)
        {
            throw new ModelLoadException($"{folder.Description}/{FileName}: {exception.Message}", exception);
        }
    }

    /// <summary>The manifest as a file has it: readable JSON, without what is empty.</summary>
    public string ToJson() => ManifestText.Write(this);

    /// <summary>Checks that the parts fit each other.</summary>
    /// <exception cref="JsonException">They do not; the message names the part.</exception>
    /// <exception cref="ArgumentException">A number of the preprocessing or the calibration is out of range.</exception>
    public void Validate()
    {
        Require(Schema == 1, $"schema {Schema} is not known; this version reads schema 1");
        RequireNoNulls();
        Require(
            Kind is "imageClassifier" or "classifierHead" or "contrastive" or "visionLanguage" or TaxonomyKind,
            $"kind '{Kind}' is not known; it must be imageClassifier, classifierHead, contrastive, visionLanguage or taxonomy");
        Require(Sha256.Length == 64 && Sha256.All(char.IsAsciiHexDigitLower), "sha256 must be 64 lower-case hex digits");
        Require(Kind != "imageClassifier" || (Labels.Count > 0 && Preprocessing is not null), "an imageClassifier needs labels and preprocessing");
        Require(Kind != "classifierHead" || (Labels.Count > 0 && FeaturesOf is not null), "a classifierHead needs labels and featuresOf");
        Require(Kind != "contrastive" || (Contrastive is not null && Preprocessing is not null), "a contrastive model needs contrastive and preprocessing");
        Require(
            Goldens.All(golden => golden.Shape.Count > 0 && golden.Shape.All(size => size >= 1) && golden.Shape.Aggregate(1.0, (product, size) => product * size) <= LargestGolden),
            $"a golden's shape must have sizes of at least 1 and at most {LargestGolden} numbers in all");
        Require(Goldens.All(golden => golden.Tolerance is null or (> 0 and <= 1)), "a golden's tolerance must be above 0 and at most 1");
        string? stranger = Categories.Keys.Concat(Aliases.Keys).Concat(Display.Keys).Except(Labels).FirstOrDefault();
        Require(stranger is null, $"'{stranger}' is not one of the labels");
        Require(Categories.SelectMany(entry => entry.Value).All(entry => entry.Value is > 0 and <= 1), "a weight in categories must be above 0 and at most 1");
        Require(
            Temperature is null || (Temperature is >= 0.05 and <= 20 && Outputs.ContainsKey("logits")),
            "temperature must be 0.05 to 20, and needs the output logits, which it divides");

        Calibration?.Validate();
        SecondOpinion?.Validate();
        Preprocessing?.Validate();
        Contrastive?.Validate();
    }

    // JSON can say null where the types here can't.
    private void RequireNoNulls()
    {
        (string Name, bool IsWhole)[] parts =
        [
            ("id", Id is not null),
            ("license", License is not null),
            ("file", File is not null),
            ("sha256", Sha256 is not null),
            ("files", Files.Values.All(hash => hash is not null)),
            ("outputs", Outputs.Values.All(name => name is not null)),
            ("contrastive", Contrastive is not { TextFile: null } and not { Activation: null }),
            ("labels", Labels.All(label => label is not null)),
            ("aliases", Aliases.Values.All(names => names is not null && names.All(name => name is not null))),
            ("display", Display.Values.All(name => name is not null)),
            ("categories", Categories.Values.All(weights => weights is not null)),
            ("fullCategories", FullCategories.All(category => category is not null)),
            ("goldens", Goldens.All(golden => golden is not null && golden.Inputs.Values.All(numbers => numbers is not null))),
        ];
        string? broken = Array.Find(parts, part => !part.IsWhole).Name;
        Require(broken is null, $"{broken} is null, or holds a null");
    }

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new JsonException(what);
        }
    }
}
