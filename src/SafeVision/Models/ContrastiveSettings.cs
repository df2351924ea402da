namespace SafeVision.Models;

/// <summary>How a contrastive model compares an image with texts (CLIP, Radford et al., arXiv 2103.00020; SigLIP, Zhai et al.,
/// arXiv 2303.15343): <c>logit = LogitScale · cosine(picture, text) + LogitBias</c>.</summary>
public sealed record ContrastiveSettings
{
    /// <summary>The ONNX file that makes vectors of texts.</summary>
    public required string TextFile { get; init; }

    /// <summary>The name of that graph's input.</summary>
    public string TextInput { get; init => field = value ?? "input_ids"; } = "input_ids";

    /// <summary>What a cosine is multiplied by, above 0.</summary>
    public required double LogitScale { get; init; }

    /// <summary>What is added then. Default: 0.</summary>
    public double LogitBias { get; init; }

    /// <summary><c>softmax</c>: an image's logits compete with each other (CLIP). <c>sigmoid</c>: each is a probability by itself (SigLIP).</summary>
    public required string Activation { get; init; }

    /// <summary>The most tokens of a text, 1 to 8192; what is longer is cut.</summary>
    public required int TextTokens { get; init; }

    /// <summary>Whether every text is filled up to <see cref="TextTokens"/>, which then is part of its meaning.</summary>
    public bool FillsText { get; init; }

    /// <summary>What a text is filled up with.</summary>
    public required int PadToken { get; init; }

    internal void Validate()
    {
        if (string.IsNullOrEmpty(TextFile) || !double.IsFinite(LogitScale) || !(LogitScale > 0) || !double.IsFinite(LogitBias)
            || Activation is not ("softmax" or "sigmoid") || TextTokens is < 1 or > 8192 || PadToken < 0)
        {
            throw new JsonException("contrastive needs a textFile, a logitScale above 0, a finite logitBias, the activation softmax or sigmoid, textTokens from 1 to 8192, and a padToken");
        }
    }
}
