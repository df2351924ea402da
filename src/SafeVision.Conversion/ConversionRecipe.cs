using System.Collections.ObjectModel;

namespace SafeVision.Conversion;

/// <summary>What a checkpoint does not know about itself: its name, licence and source, and what its labels mean to a policy. A
/// JSON file with these properties in camelCase; comments and trailing commas are allowed, unknown properties are not.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ConversionRecipe
{
    private const int LargestRecipe = 8 << 20;

    /// <summary>A short stable name, such as <c>efficientnet-lite0</c>; null: the destination folder's name.</summary>
    public string? Id { get; init; }

    /// <summary>One sentence: what the model can tell.</summary>
    public string Description { get; init => field = value ?? ""; } = "";

    /// <summary>The SPDX identifier of the weights' licence.</summary>
    public string License { get; init => field = value ?? "NOASSERTION"; } = "NOASSERTION";

    /// <summary>The licence's text, which travels with the weights as <c>LICENSE</c>: a path relative to the recipe.</summary>
    public string? LicenseFile { get; init; }

    /// <summary>Where the weights come from.</summary>
    public string Source { get; init => field = value ?? ""; } = "";

    /// <summary>The guard protocol by which a vision-language model was trained to be asked, for checkpoints without a
    /// <c>safevision-prompt.yaml</c>; null: what its tokens speak for.</summary>
    public string? Protocol { get; init; }

    /// <summary>The classes in the order of the outputs, for checkpoints that do not name them.</summary>
    public IReadOnlyList<string> Labels { get; init => field = value ?? []; } = [];

    /// <summary>Other names for some classes, by their place from 0: for checkpoints that name two classes alike.</summary>
    public IReadOnlyDictionary<int, string> Rename { get; init => field = value ?? ReadOnlyDictionary<int, string>.Empty; } = ReadOnlyDictionary<int, string>.Empty;

    /// <summary>How a label is said in a sentence.</summary>
    public IReadOnlyDictionary<string, string> Display { get; init => field = value ?? ReadOnlyDictionary<string, string>.Empty; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>What a label means, in words that phrases are compared with.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Aliases { get; init => field = value ?? ReadOnlyDictionary<string, IReadOnlyList<string>>.Empty; } = ReadOnlyDictionary<string, IReadOnlyList<string>>.Empty;

    /// <summary>Labels that stand for a built-in category: label → category id → weight, above 0 and at most 1.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> Categories { get; init => field = value ?? ReadOnlyDictionary<string, IReadOnlyDictionary<string, double>>.Empty; } = ReadOnlyDictionary<string, IReadOnlyDictionary<string, double>>.Empty;

    /// <summary>The categories that the labels cover whole, not only in part.</summary>
    public IReadOnlyList<string> FullCategories { get; init => field = value ?? []; } = [];

    /// <summary>From probability mass to score; null: the mass is the score.</summary>
    public ScoreCalibration? Calibration { get; init; }

    /// <summary>What a classifier's logits are divided by, 0.05 to 20; null: 1.</summary>
    public double? Temperature { get; init; }

    /// <summary>Whether a score counts only as far as several views of the image agree on it. Default: false.</summary>
    public bool ViewsMustAgree { get; init; }

    /// <summary>Which other classifier is asked about high scores; null: none.</summary>
    public OpinionSource? SecondOpinion { get; init; }

    /// <summary>How an image becomes the input, instead of what the checkpoint says.</summary>
    public PreprocessingRecipe? Preprocessing { get; init; }

    /// <summary>The folder that <see cref="LicenseFile"/> is relative to; null: the current one.</summary>
    [JsonIgnore]
    public string? Folder { get; init; }

    /// <summary>Reads a recipe file.</summary>
    /// <exception cref="CheckpointException">It can't be read or is no recipe; the message says where.</exception>
    public static ConversionRecipe Read(string path)
    {
        try
        {
            using FileStream stream = CheckpointFile.Open(path, LargestRecipe);
            ConversionRecipe recipe = JsonSerializer.Deserialize(stream, RecipeJson.Default.ConversionRecipe) ?? throw new JsonException("it holds null");
            return recipe with { Folder = Path.GetDirectoryName(Path.GetFullPath(path)) };
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: {exception.Message}", exception);
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowDuplicateProperties = false,
    AllowTrailingCommas = true)]
[JsonSerializable(typeof(ConversionRecipe))]
internal sealed partial class RecipeJson : JsonSerializerContext;
