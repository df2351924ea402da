using SafeVision.Conversion.Layers;
using SafeVision.Conversion.Verification;
using SafeVision.Imaging;
using SafeVision.Models;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.Conversion.Families;

/// <summary>What a family read from a checkpoint.</summary>
internal sealed class FamilyModel : IModelDescription, IDisposable
{
    private static readonly string[] Texts =
    [
        "firearms and guns",
        "Buyers must not be offered arms: firearms, parts of them, ammunition, and knives shown as weapons.",
        "naïve café, 日本語 한국어 привет!",
    ];

    /// <summary><c>imageClassifier</c> or <c>textEncoder</c>.</summary>
    public required string Kind { get; init; }

    public required Network Network { get; init; }

    /// <summary>Role → name of the network's output.</summary>
    public required IReadOnlyDictionary<string, string> Outputs { get; init; }

    /// <summary>The paths of the checkpoint's files.</summary>
    public required IReadOnlyList<string> SourceFiles { get; init; }

    /// <summary>Files that travel with the model: name → path.</summary>
    public IReadOnlyDictionary<string, string> Companions { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<string> Labels { get; init; } = [];

    public PreprocessingRecipe? Preprocessing { get; init; }

    public ModelTokenizer? Tokenizer { get; init; }

    public string Input => "input";

    public ContrastiveSettings? Contrastive => null;

    /// <summary>What holds the weights' bytes; null when nothing needs closing.</summary>
    public IDisposable? Checkpoint { get; init; }

    /// <summary>The inputs that the converted graph is checked with, and that its goldens are made from.</summary>
    public IReadOnlyList<NetworkProbe> Probes()
    {
        if (Network.Inputs.TryGetValue("input", out Layer? image))
        {
            return [.. Enumerable.Range(1, 3).Select(number => NetworkProbe.Noise(number, "input", image.Width, Outputs["logits"]))];
        }

        BertSentenceTokenizer tokenizer = CreateTokenizer(Companions[Tokenizer!.Vocabulary]);
        return [.. Texts.Select((text, i) => NetworkProbe.Tokens(i + 1, text, tokenizer.Encode(text), Outputs["embeddings"]))];
    }

    private BertSentenceTokenizer CreateTokenizer(string vocabulary)
    {
        try
        {
            return Tokenizer!.Create(File.ReadAllBytes(vocabulary));
        }
        catch (InvalidDataException exception)
        {
            throw new CheckpointException($"{vocabulary}: {exception.Message}.", exception);
        }
    }

    public void Dispose() => Checkpoint?.Dispose();
}
