using System.Numerics.Tensors;
using SafeVision.Conversion.Families.VisionLanguage;

namespace SafeVision.Conversion.Verification;

/// <summary>A language model's layers computed plainly, without a cache, for one row of tokens.</summary>
internal static class PlainDecoder
{
    /// <summary>Embeddings [tokens, hidden] → what the first <paramref name="layers"/> layers add up to.</summary>
    /// <param name="decoder">The language model.</param>
    /// <param name="embeddings">Of tokens at the positions 0, 1, 2, …</param>
    /// <param name="layers">How many layers.</param>
    /// <param name="computed">Told after each layer.</param>
    /// <param name="cancellationToken">Ends the computation between two layers.</param>
    public static float[] Run(TextDecoder decoder, float[] embeddings, int layers, Action computed, CancellationToken cancellationToken)
    {
        DecoderShape shape = decoder.Shape;
        float[] residual = [.. embeddings];
        foreach (DecoderLayer layer in decoder.Layers.Take(layers))
        {
            cancellationToken.ThrowIfCancellationRequested();
            float[] x = [.. residual];
            PlainTransformer.Normalize(layer.AttentionNorm, x);
            float[] query = Project(layer.Query, layer.QueryNorm, x, shape.Heads, shape), key = Project(layer.Key, layer.KeyNorm, x, shape.KeyValueHeads, shape);
            float[] value = PlainTransformer.Linear(layer.Value, x);
            float[] mixed = PlainTransformer.Attend(query, key, value, shape.Heads, shape.KeyValueHeads, shape.HeadSize, (token, other) => other <= token);
            TensorPrimitives.Add(residual, PlainTransformer.Linear(layer.Output, mixed), residual);

            x = [.. residual];
            PlainTransformer.Normalize(layer.MlpNorm, x);
            float[] gate = PlainTransformer.Linear(layer.Gate, x);
            PlainTransformer.Activate(Activation.Silu, gate);
            TensorPrimitives.Multiply(gate, PlainTransformer.Linear(layer.Up, x), gate);
            TensorPrimitives.Add(residual, PlainTransformer.Linear(layer.Down, gate), residual);
            computed();
        }

        return residual;
    }

    /// <summary>The last hidden values → logits.</summary>
    public static float[] Speak(TextDecoder decoder, float[] hidden)
    {
        float[] x = [.. hidden];
        PlainTransformer.Normalize(decoder.Norm, x);
        return PlainTransformer.Linear(decoder.Head, x);
    }

    private static float[] Project(Projection projection, NormWeights? norm, float[] x, int heads, DecoderShape shape)
    {
        float[] y = PlainTransformer.Linear(projection, x);
        if (norm is not null)
        {
            PlainTransformer.Normalize(norm, y); // each head is a row of its own
        }

        float[] frequencies = shape.Rotary.Frequencies.ToArray();
        PlainTransformer.Rotate(y, heads, shape.HeadSize, (token, pair) => token * frequencies[pair]);
        TensorPrimitives.Multiply(y, (float)shape.Rotary.Magnitude, y);
        return y;
    }
}
