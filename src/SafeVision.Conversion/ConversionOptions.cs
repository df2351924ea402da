namespace SafeVision.Conversion;

/// <summary>What to convert, and to where.</summary>
public sealed class ConversionOptions
{
    /// <summary>The checkpoint's folder, or a file in it.</summary>
    public required string Source { get; set; }

    /// <summary>The folder to make; an existing model there is replaced in one step, anything else is left alone.</summary>
    public required string Destination { get; set; }

    /// <summary>One of <see cref="ModelConverter.Families"/>; null: found out from the checkpoint.</summary>
    public string? Family { get; set; }

    /// <summary>One of <see cref="ModelConverter.Precisions"/>: how the weights of a vision-language model, or of a transformer or ConvNeXt that classifies or compares, are written. Other models keep what they are stored in.</summary>
    public string Precision { get; set; } = "float32";

    /// <summary>Whether the loss of a precision is measured on the whole model even where its float32 form takes more than 1.5 GiB,
    /// which takes as much room on the disk meanwhile, and up to twice as much memory. Otherwise it is measured on part of
    /// it.</summary>
    public bool MeasureWhole { get; set; }

    /// <summary>Whether a vision-language model's vision tower and projector stay float32 where the precision rounds their weights to
    /// few bits (<c>int8</c>, <c>int4</c>, …): a tile then takes two to three times as long. Default: false.</summary>
    public bool ExactVision { get; set; }

    /// <summary>One of <see cref="ModelConverter.Attentions"/>: how a vision-language model's decoder attends. <c>grouped</c>, by
    /// ONNX Runtime's fused operator, is fast and keeps its cache in one buffer; <c>standard</c>, by plain operators, runs where
    /// that operator is missing, and takes rows padded on the left. Heads that the fused operator does not take are always written
    /// the second way.</summary>
    public string Attention { get; set; } = "grouped";

    /// <summary>The folder of a LoRA adapter as the peft library saves it, which is merged into a vision-language model's weights; null: none.</summary>
    public string? Adapter { get; set; }

    /// <summary>The tokens that a vision-language model's vocabulary gets, such as <see cref="NewToken.SafeVision"/>; those that it
    /// has already are left alone. What the model says of all other tokens stays the same.</summary>
    public IReadOnlyList<NewToken> NewTokens { get; set; } = [];

    /// <summary>A folder of images such as the model will see. A vision-language model is calibrated with some of them, and what
    /// its precision loses is measured on others; null: with drawn images. Where <see cref="Source"/> is a model that was converted
    /// before, an image classifier of convolutions, the result is the same classifier computing in 8-bit integers, whose
    /// activations are scaled by what up to a thousand of these images give.</summary>
    public string? Calibration { get; set; }

    /// <summary>What the checkpoint does not know.</summary>
    public ConversionRecipe Recipe { get; set; } = new();
}

/// <summary>How far a stage of a conversion is.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Done">What is done: bytes when reading and writing, layers computed when verifying, steps when measuring.</param>
/// <param name="Total">What there is to do.</param>
public readonly record struct ConversionProgress(ConversionStage Stage, long Done, long Total);

/// <summary>What a conversion is doing.</summary>
public enum ConversionStage
{
    /// <summary>Reads and hashes the checkpoint.</summary>
    Reading,

    /// <summary>Writes the ONNX file.</summary>
    Writing,

    /// <summary>Holds what ONNX Runtime computes against a reference computation of the same network.</summary>
    Verifying,

    /// <summary>Compares a model of rounded weights with its float32 form.</summary>
    Measuring,

    /// <summary>Fetches the checkpoint's weights from a hub.</summary>
    Downloading,

    /// <summary>Runs the network on sample questions, to see how large the numbers between its layers are.</summary>
    Calibrating,
}

/// <summary>A finished conversion.</summary>
/// <param name="Manifest">The manifest that was written.</param>
/// <param name="Family">The family that read the checkpoint.</param>
/// <param name="LargestDifference">The largest difference between ONNX Runtime and the reference computation, relative to the largest number of an output; where weights are rounded to few bits: the root of the squared differences of a layer by that of the squares. Null of a calibrated model, which is compared with the one that it was made of: see <see cref="ModelConversion.PrecisionLoss"/>.</param>
public sealed record ConversionResult(ModelManifest Manifest, string Family, double? LargestDifference);

/// <summary>A token that a model's vocabulary gets.</summary>
/// <param name="Content">The exact text that it stands for, such as <c>&lt;|Self_Harm|&gt;</c>; from 1 to 256 characters.</param>
/// <param name="PlainWords">What it means in words that the model knows: its rows begin as the mean of these words'
/// rows. Trained on from there, or used as they are, they lie among the rows that the model has.</param>
public sealed record NewToken(string Content, string PlainWords)
{
    /// <summary>The tokens of SafeVision's answers (arXiv 2510.23960): that of a harmless image, one for each kind of harm, and the mark before a reason.</summary>
    public static IReadOnlyList<NewToken> SafeVision { get; } = Array.AsReadOnly<NewToken>(
    [
        new("<|SAFE|>", "Safe"),
        .. HarmCategory.All.Select(category => new NewToken($"<|{category.Id}|>", category.Id.Replace('_', ' '))),
        new("<|REASON|>", "Reason"),
    ]);

    /// <summary>Reads <c>CONTENT=plain words</c>. Without words, they are those of the content: <c>&lt;|Self_Harm|&gt;</c> means "Self Harm".</summary>
    /// <exception cref="CheckpointException">There is no content, or no letter or digit to take words from.</exception>
    public static NewToken Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int mark = text.IndexOf('=', StringComparison.Ordinal);
        string content = mark < 0 ? text : text[..mark];
        string words = mark < 0 ? string.Join(' ', new string([.. content.Select(c => char.IsLetterOrDigit(c) ? c : ' ')]).Split(' ', StringSplitOptions.RemoveEmptyEntries)) : text[(mark + 1)..].Trim();
        return content.Length > 0 && words.Length > 0
            ? new NewToken(content, words)
            : throw new CheckpointException($"'{text}' is no new token; write one as <|Name|> or as <|Name|>=plain words.");
    }
}
