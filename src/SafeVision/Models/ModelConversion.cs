namespace SafeVision.Models;

/// <summary>How a model was made from its checkpoint, so that it can be made again.</summary>
public sealed record ModelConversion
{
    /// <summary>The tool.</summary>
    public string Tool { get; init => field = value ?? ""; } = "";

    /// <summary>The version of what the tool writes; another one may give another file.</summary>
    public string Version { get; init => field = value ?? ""; } = "";

    /// <summary>What it was told.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init => field = value ?? ReadOnlyDictionary<string, string>.Empty; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>The checkpoint's files and their SHA-256 hashes.</summary>
    public IReadOnlyDictionary<string, string> SourceFiles { get; init => field = value ?? ReadOnlyDictionary<string, string>.Empty; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>What rounding the weights cost; null where they were not rounded, or where that was not measured.</summary>
    public PrecisionLoss? PrecisionLoss { get; init; }
}

/// <summary>What rounding a model's weights cost: how far its logits are from those of the same model in float32, on sample
/// images and texts made from a seed. Measured when the model was converted. The logits are of tokens, of labels, or of texts for
/// an image.</summary>
public sealed record PrecisionLoss
{
    /// <summary>What was compared: <c>whole model</c>, or which part of one that was too large to be run in float32.</summary>
    public string Scope { get; init => field = value ?? ""; } = "";

    /// <summary>At how many places of the texts, or for how many images.</summary>
    public int Positions { get; init; }

    /// <summary>The largest difference of a logit.</summary>
    public double LargestLogitDifference { get; init; }

    /// <summary>The mean of all differences, without their sign.</summary>
    public double MeanLogitDifference { get; init; }

    /// <summary>The standard deviation of the float32 model's logits, beside which the differences are to be seen.</summary>
    public double LogitDeviation { get; init; }

    /// <summary>The share of places at which both find the same answer the most likely, 0 to 1.</summary>
    public double TopAgreement { get; init; }

    /// <summary>The root mean square of the image features' differences by that of the features; null: not measured.</summary>
    public double? ImageFeatureError { get; init; }

    /// <summary>How many of the guard's own questions were asked in both, about images that it was not calibrated with; 0: none.</summary>
    public int Questions { get; init; }

    /// <summary>The largest difference of an answer's share among all that a question allows, 0 to 1; 0 where none was asked.</summary>
    public double LargestShareDifference { get; init; }

    /// <summary>The share of the questions to which both give the same answer, 0 to 1; 0 where none was asked.</summary>
    public double AnswerAgreement { get; init; }
}
