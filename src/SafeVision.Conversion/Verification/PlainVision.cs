using System.Numerics.Tensors;
using SafeVision.Conversion.Families.VisionLanguage;

namespace SafeVision.Conversion.Verification;

/// <summary>A vision tower's layers computed plainly, for one picture.</summary>
internal static class PlainVision
{
    /// <summary>What goes into the layers → what the first <paramref name="layers"/> of them add up to.</summary>
    /// <param name="encoder">The vision tower.</param>
    /// <param name="tokens">[tokens, width].</param>
    /// <param name="layers">How many layers.</param>
    /// <param name="watched">The tokens whose result is wanted, which spares most of the last layer's work; null: all.</param>
    /// <param name="computed">Told after each layer.</param>
    /// <param name="cancellationToken">Ends the computation between two layers.</param>
    public static float[] Run(IVisionEncoder encoder, float[] tokens, int layers, int[]? watched, Action computed, CancellationToken cancellationToken)
    {
        float[] hidden = [.. tokens];
        for (int i = 0; i < layers; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            hidden = Step(encoder.Layers, i, hidden, encoder.RotatePlainly, i == layers - 1 ? watched : null, encoder.SharesWindow);
            computed();
        }

        return hidden;
    }

    /// <summary>One layer of a tower.</summary>
    /// <param name="tower">The tower.</param>
    /// <param name="index">Which layer.</param>
    /// <param name="tokens">What goes in, [tokens, width]; left as it is.</param>
    /// <param name="rotate">Turns queries and keys by their places; null: they are not turned.</param>
    /// <param name="watched">The tokens whose result is wanted; null: all. Not of a causal tower.</param>
    /// <param name="sharesWindow">Whether one token lies in another's window, for layers that see windows; null: there are none.</param>
    public static float[] Step(
        VisionTransformer tower, int index, float[] tokens, Action<float[], float[]>? rotate = null, int[]? watched = null, Func<int, int, bool>? sharesWindow = null)
    {
        VisionLayer layer = tower.Layers[index];
        float[] residual = [.. tokens], x = [.. tokens];
        PlainTransformer.Normalize(layer.AttentionNorm, x);
        float[] query = Project(layer.Query, layer.QueryNorm, x), key = Project(layer.Key, layer.KeyNorm, x), value = Project(layer.Value, null, x);
        int size = query.Length / (tokens.Length / tower.Width) / tower.Heads;
        rotate?.Invoke(query, key);
        if (watched is not null)
        {
            (query, residual) = (Rows(query, watched, size * tower.Heads), Rows(residual, watched, tower.Width));
        }

        float[] mixed = PlainTransformer.Attend(query, key, value, tower.Heads, tower.Heads, size, Sees);
        Add(residual, PlainTransformer.Linear(layer.Output, mixed));

        x = [.. residual];
        PlainTransformer.Normalize(layer.MlpNorm, x);
        float[] inner = PlainTransformer.Linear(layer.Gate ?? layer.Up, x);
        PlainTransformer.Activate(tower.Activation, inner);
        if (layer.Gate is not null)
        {
            TensorPrimitives.Multiply(inner, PlainTransformer.Linear(layer.Up, x), inner);
        }

        Add(residual, PlainTransformer.Linear(layer.Down, inner));
        return residual;

        bool Sees(int token, int other) =>
            (!tower.IsCausal || other <= token) && (!layer.SeesWindow || sharesWindow is null || sharesWindow(watched is null ? token : watched[token], other));
    }

    /// <summary>How many multiplications one layer takes.</summary>
    public static long Cost(VisionTransformer tower, int tokens)
    {
        VisionLayer layer = tower.Layers[0];
        long weights = layer.Query.Weight.Count + layer.Key.Weight.Count + layer.Value.Weight.Count + layer.Output.Weight.Count + layer.Up.Weight.Count + layer.Down.Weight.Count
            + (layer.Gate?.Weight.Count ?? 0);
        return tokens * (weights + (2L * tokens * tower.Width));
    }

    /// <summary>Some rows of a matrix.</summary>
    public static float[] Rows(float[] matrix, int[] rows, int width) => [.. rows.SelectMany(row => matrix.AsSpan(row * width, width).ToArray())];

    private static float[] Project(Projection projection, NormWeights? norm, float[] x)
    {
        float[] y = PlainTransformer.Linear(projection, x);
        if (norm is not null)
        {
            PlainTransformer.Normalize(norm, y);
        }

        return y;
    }

    private static void Add(float[] sum, float[] x) => TensorPrimitives.Add(sum, x, sum);
}
