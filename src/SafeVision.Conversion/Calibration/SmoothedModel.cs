namespace SafeVision.Conversion.Calibration;

/// <summary>A model that computes the same in float32, with what its layers take in evened out channel by channel:
/// norms are divided and the weights behind them multiplied, and likewise values before an attention's output, and one
/// factor of a gated feed-forward part before its last projection.</summary>
internal sealed class SmoothedModel
{
    private const double MostError = 0.04; // usual is 0.02
    private const double MostSpared = 0.2; // of the multiplications: blocks take three times as long

    private readonly IReadOnlyDictionary<string, ChannelRange> _ranges;
    private readonly List<(string[] Names, double Error, double RowError, long Weights)> _layers = [];

    private SmoothedModel(IReadOnlyDictionary<string, ChannelRange> ranges) => _ranges = ranges;

    /// <summary>The model, and the layers that lose most even so.</summary>
    /// <param name="ranges">What came into its layers, by their names in the graph; a layer that is missing is left as it is.</param>
    public static (VisionLanguageModel Model, SparedLayers Spared) Create(VisionLanguageModel model, IReadOnlyDictionary<string, ChannelRange> ranges)
    {
        var smoothing = new SmoothedModel(ranges);
        VisionTransformer tower = model.Vision.Layers;
        VisionLanguageModel smoothed = model with
        {
            Text = model.Text with { Layers = [.. model.Text.Layers.Select(layer => smoothing.Smooth(layer, model.Text.Shape))] },
            Vision = model.Vision.WithLayers(tower with { Layers = [.. tower.Layers.Select(smoothing.Smooth)] }),
        };
        return (smoothed, smoothing.Spared());
    }

    /// <summary>A scale for each token where that is enough; else blocks, the worst first, as long as they are not too many.</summary>
    private SparedLayers Spared()
    {
        (HashSet<string> byRow, HashSet<string> inBlocks) = (new(StringComparer.Ordinal), new(StringComparer.Ordinal));
        long left = (long)(MostSpared * _layers.Sum(layer => layer.Weights));
        foreach ((string[] names, double error, double rowError, long weights) in _layers.Where(layer => layer.Error > MostError).OrderByDescending(layer => layer.Error))
        {
            if (rowError > MostError && weights <= left)
            {
                left -= weights;
                inBlocks.UnionWith(names);
            }
            else if (rowError < error)
            {
                byRow.UnionWith(names);
            }
        }

        return new SparedLayers(byRow, inBlocks);
    }

    private DecoderLayer Smooth(DecoderLayer layer, DecoderShape shape)
    {
        string attention = $"{layer.Name}.attention", memory = $"{layer.Name}.memory", mlp = $"{layer.Name}.mlp";
        WeightMatrix?[] takers = [layer.Query.Weight, layer.Key.Weight, layer.Value.Weight, layer.AttentionGate?.Weight, layer.Memory?.Gate.Weight];
        if (Choose(takers, true, null, [$"{attention}.qkv", $"{attention}.query", $"{attention}.key", $"{attention}.value", $"{attention}.gate", $"{memory}.qkv", $"{memory}.gate"]) is { } first)
        {
            layer = layer with
            {
                AttentionNorm = layer.AttentionNorm.Divide(first),
                Query = layer.Query.ScaleInputs(first),
                Key = layer.Key.ScaleInputs(first),
                Value = layer.Value.ScaleInputs(first),
                AttentionGate = layer.AttentionGate?.ScaleInputs(first),
                Memory = layer.Memory is { } delta ? delta with { Rates = delta.Rates.ScaleInputs(first), Gate = delta.Gate.ScaleInputs(first) } : null,
            };
        }

        // A value's channel is seen by all heads that share it.
        int size = shape.HeadSize, shared = shape.Heads / shape.KeyValueHeads;
        int[]? groups = layer.Memory is null ? [.. Enumerable.Range(0, shape.Heads * size).Select(channel => (channel / size / shared * size) + (channel % size))] : null;
        if (Choose([layer.Output.Weight], layer.Memory is null, groups, $"{attention}.output") is { } mixed)
        {
            float[] inverse = new float[shape.KeyValueHeads * size];
            for (int channel = 0; channel < mixed.Length; channel++)
            {
                inverse[groups![channel]] = 1 / mixed[channel];
            }

            layer = layer with { Value = layer.Value.Scale(inverse), Output = layer.Output.ScaleInputs(mixed) };
        }

        if (Choose([layer.Gate.Weight, layer.Up.Weight], true, null, $"{mlp}.gate", $"{mlp}.up") is { } second)
        {
            layer = layer with { MlpNorm = layer.MlpNorm.Divide(second), Gate = layer.Gate.ScaleInputs(second), Up = layer.Up.ScaleInputs(second) };
        }

        return Choose([layer.Down.Weight], true, null, $"{mlp}.down") is { } inner
            ? layer with { Up = layer.Up.Scale(Inverse(inner)), Down = layer.Down.ScaleInputs(inner) }
            : layer;
    }

    private VisionLayer Smooth(VisionLayer layer)
    {
        string attention = $"{layer.Name}.attention", mlp = $"{layer.Name}.mlp";
        if (Choose([layer.Query.Weight, layer.Key.Weight, layer.Value.Weight], true, null, $"{attention}.query", $"{attention}.key", $"{attention}.value") is { } first)
        {
            layer = layer with
            {
                AttentionNorm = layer.AttentionNorm.Divide(first),
                Query = layer.Query.ScaleInputs(first),
                Key = layer.Key.ScaleInputs(first),
                Value = layer.Value.ScaleInputs(first),
            };
        }

        if (Choose([layer.Output.Weight], true, null, $"{attention}.output") is { } mixed)
        {
            layer = layer with { Value = layer.Value.Scale(Inverse(mixed)), Output = layer.Output.ScaleInputs(mixed) };
        }

        if (Choose([layer.Up.Weight, layer.Gate?.Weight], true, null, $"{mlp}.up", $"{mlp}.gate") is { } second)
        {
            layer = layer with { MlpNorm = layer.MlpNorm.Divide(second), Up = layer.Up.ScaleInputs(second), Gate = layer.Gate?.ScaleInputs(second) };
        }

        return Choose([layer.Down.Weight], layer.Gate is not null, null, $"{mlp}.down") is { } inner
            ? layer with { Up = layer.Up.Scale(Inverse(inner)), Down = layer.Down.ScaleInputs(inner) }
            : layer;
    }

    /// <summary>The factors of an input that all of these layers take; null: it is left as it is.</summary>
    private float[]? Choose(WeightMatrix?[] weights, bool canDivide, int[]? groups, params string[] names)
    {
        string[] seen = [.. names.Where(_ranges.ContainsKey)];
        if (seen.Length == 0)
        {
            return null;
        }

        WeightMatrix[] takers = [.. weights.OfType<WeightMatrix>()];
        ChannelSmoothing chosen = ChannelSmoothing.Choose(_ranges[seen[0]], takers, canDivide, groups);
        _layers.Add((seen, chosen.Error, chosen.RowError, takers.Sum(taker => taker.Count)));
        return chosen.Factors;
    }

    private static float[] Inverse(float[] factors) => [.. factors.Select(factor => 1 / factor)];
}
