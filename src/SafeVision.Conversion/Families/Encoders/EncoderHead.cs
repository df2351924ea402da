using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using SafeVision.Conversion.Verification;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>From tokens to one vector: pooled, perhaps normalised, perhaps projected.</summary>
internal sealed record EncoderHead
{
    /// <summary>The output of classifiers.</summary>
    public const string Logits = "logits";

    public required ITokenPooling Pooling { get; init; }

    /// <summary>Over the pooled vector; null: none.</summary>
    public NormWeights? Norm { get; init; }

    /// <summary>null: the vector is the result.</summary>
    public Projection? Projection { get; init; }

    /// <summary>The name of the output; <see cref="Logits"/> are followed by <c>probabilities</c>.</summary>
    public required string Output { get; init; }

    /// <summary>
    /// The patches' rows and columns where each place's share in the logits can be told, which takes a mean over all tokens
    /// and one projection; null: no.
    /// </summary>
    public (int Rows, int Columns)? Map { get; init; }

    public void Write(TransformerGraph blocks, string tokens)
    {
        string pooled = Pooling.Write(blocks, tokens);
        string normal = Norm is null ? pooled : blocks.Normalize(Norm, pooled);
        bool isClassifier = Output == Logits;
        string result = Projection is null ? normal : blocks.Linear("head", Projection, normal, isClassifier ? LinearRole.Head : LinearRole.Projector);
        blocks.FloatOutput(Output, result, ("batch_size", null), ("size", Projection?.Features ?? Pooling.Width));
        if (isClassifier)
        {
            blocks.Graph.Node("Softmax", blocks.Graph.Claim("probabilities"), [Output], OnnxAttribute.Integer("axis", -1));
            blocks.Graph.Output("probabilities", ("batch_size", null), ("size", Projection!.Features));
        }

        if (Map is { } map)
        {
            int width = Pooling.Width;
            string channels = blocks.Reshape("features/map", blocks.Transpose("features/channels", tokens, 0, 2, 1), 0, width, map.Rows, map.Columns);
            blocks.FloatOutput("features", channels, ("batch_size", null), ("width", width), ("rows", map.Rows), ("columns", map.Columns));
            blocks.Graph.NamedSingles(blocks.Graph.Claim("head_weights"), Projection!.Weight.ToArray(), Projection.Features, width);
            blocks.Graph.Output("head_weights", ("size", Projection.Features), ("width", width));
        }
    }

    public float[] Compute(float[] tokens, IReadOnlyDictionary<string, VisionInput> inputs)
    {
        float[] pooled = Pooling.Compute(tokens, inputs);
        if (Norm is not null)
        {
            PlainTransformer.Normalize(Norm, pooled);
        }

        return Projection is null ? pooled : PlainTransformer.Linear(Projection, pooled);
    }
}
