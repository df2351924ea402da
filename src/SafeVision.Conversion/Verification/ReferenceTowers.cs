namespace SafeVision.Conversion.Verification;

/// <summary>A vision tower's layers computed as a reference, for one image.</summary>
internal static class ReferenceVision
{
    /// <summary>What the last layer yields, normalised where there is a norm.</summary>
    public static float[] Finish(VisionTransformer tower, float[] hidden)
    {
        float[] final = [.. hidden];
        if (tower.Norm is { } norm)
        {
            ReferenceTransformer.Normalize(norm, final);
        }

        return final;
    }

    /// <summary>One layer of a tower.</summary>
    /// <param name="tokens">What goes in, [tokens, width]; left as it is.</param>
    /// <param name="rotate">Turns queries and keys by their places; null: they are not turned.</param>
    /// <param name="sharesWindow">Whether one token lies in another's window, for layers that see windows; null: there are none.</param>
    public static float[] Step(
        VisionTransformer tower, int index, float[] tokens, Action<float[], float[]>? rotate = null, Func<int, int, bool>? sharesWindow = null)
    {
        VisionLayer layer = tower.Layers[index];
        float[] residual = [.. tokens], x = [.. tokens];
        ReferenceTransformer.Normalize(layer.AttentionNorm, x);
        float[] query = Project(layer.Query, layer.QueryNorm, x), key = Project(layer.Key, layer.KeyNorm, x), value = Project(layer.Value, null, x);
        int size = query.Length / (tokens.Length / tower.Width) / tower.Heads;
        rotate?.Invoke(query, key);
        float[] mixed = ReferenceTransformer.Attend(query, key, value, tower.Heads, tower.Heads, size, Sees);
        Add(residual, ReferenceTransformer.Linear(layer.Output, mixed));

        x = [.. residual];
        ReferenceTransformer.Normalize(layer.MlpNorm, x);
        float[] inner = ReferenceTransformer.Linear(layer.Gate ?? layer.Up, x);
        ReferenceTransformer.Activate(tower.Activation, inner);
        if (layer.Gate is not null)
        {
            TensorPrimitives.Multiply(inner, ReferenceTransformer.Linear(layer.Up, x), inner);
        }

        Add(residual, ReferenceTransformer.Linear(layer.Down, inner));
        return residual;

        bool Sees(int token, int other) => (!tower.IsCausal || other <= token) && (!layer.SeesWindow || sharesWindow is null || sharesWindow(token, other));
    }

    /// <summary>How many multiplications one layer takes.</summary>
    public static long Cost(VisionTransformer tower, int tokens)
    {
        VisionLayer layer = tower.Layers[0];
        long weights = layer.Query.Weight.Count + layer.Key.Weight.Count + layer.Value.Weight.Count + layer.Output.Weight.Count + layer.Up.Weight.Count + layer.Down.Weight.Count
            + (layer.Gate?.Weight.Count ?? 0);
        return tokens * (weights + (2L * tokens * tower.Width));
    }

    private static float[] Project(Projection projection, NormWeights? norm, float[] x)
    {
        float[] y = ReferenceTransformer.Linear(projection, x);
        if (norm is not null)
        {
            ReferenceTransformer.Normalize(norm, y);
        }

        return y;
    }

    private static void Add(float[] sum, float[] x) => TensorPrimitives.Add(sum, x, sum);
}

/// <summary>A language model's layers computed as a reference, without a cache, for one row of tokens.</summary>
internal static class ReferenceDecoder
{
    /// <summary>What a host hands over for tokens, [tokens, input width] → what the first <paramref name="layers"/> layers add up to.</summary>
    /// <param name="embeddings">Of tokens at the positions 0, 1, 2, …</param>
    /// <param name="computed">Told after each layer.</param>
    /// <param name="cancellationToken">Ends the computation between two layers.</param>
    /// <param name="image">How many of the first tokens see each other both ways.</param>
    public static float[] Run(TextDecoder decoder, float[] embeddings, int layers, Action computed, CancellationToken cancellationToken, int image = 0)
    {
        DecoderShape shape = decoder.Shape;
        float[] residual = Part(shape, embeddings, 0);
        for (int i = 0; i < layers; i++)
        {
            DecoderLayer layer = decoder.Layers[i];
            cancellationToken.ThrowIfCancellationRequested();
            float[] x = [.. residual];
            ReferenceTransformer.Normalize(layer.AttentionNorm, x);
            float[] mixed = layer.Memory?.Remember(layer, x) ?? Attend(shape, layer, x, image);
            Add(residual, ReferenceTransformer.Linear(layer.Output, mixed), layer.OutputNorm);

            x = [.. residual];
            ReferenceTransformer.Normalize(layer.MlpNorm, x);
            float[] gate = ReferenceTransformer.Linear(layer.Gate, x);
            ReferenceTransformer.Activate(shape.Activation, gate);
            TensorPrimitives.Multiply(gate, ReferenceTransformer.Linear(layer.Up, x), gate);
            Add(residual, ReferenceTransformer.Linear(layer.Down, gate), layer.DownNorm);
            if (i < shape.DeepStack)
            {
                TensorPrimitives.Add(residual, Part(shape, embeddings, 1 + i), residual);
            }

            computed();
        }

        return residual;
    }

    private static float[] Attend(DecoderShape shape, DecoderLayer layer, float[] x, int image)
    {
        RotaryTable rotary = (layer.SeesWindow ? shape.WindowRotary : null) ?? shape.Rotary;
        int window = layer.SeesWindow ? shape.Window!.Value : int.MaxValue;
        float[] query = Project(layer.Query, layer.QueryNorm, x, shape.Heads, shape, rotary);
        Grow(shape, query);
        float[] mixed = ReferenceTransformer.Attend(
            query, Project(layer.Key, layer.KeyNorm, x, shape.KeyValueHeads, shape, rotary), ReferenceTransformer.Linear(layer.Value, x),
            shape.Heads, shape.KeyValueHeads, shape.HeadSize, (token, other) => other <= Math.Max(token, image - 1) && token - other < window, shape.AttentionScale, shape.AttentionCap);
        if (layer.AttentionGate is { } gate)
        {
            float[] open = ReferenceTransformer.Linear(gate, x);
            TensorPrimitives.Sigmoid(open, open);
            TensorPrimitives.Multiply(mixed, open, mixed);
        }

        return mixed;
    }

    /// <summary>The last hidden values → logits.</summary>
    public static float[] Logits(TextDecoder decoder, float[] hidden)
    {
        float[] x = [.. hidden];
        ReferenceTransformer.Normalize(decoder.Norm, x);
        return Bound(ReferenceTransformer.Linear(decoder.Head, x), decoder.Shape.LogitCap);
    }

    /// <summary>c · tanh(x / c), in place; null leaves the numbers as they are.</summary>
    public static float[] Bound(float[] x, double? most)
    {
        for (int i = 0; most is { } cap && i < x.Length; i++)
        {
            x[i] = (float)(cap * Math.Tanh(x[i] / cap));
        }

        return x;
    }

    private static void Grow(DecoderShape shape, float[] query)
    {
        int width = shape.Heads * shape.HeadSize;
        for (int token = 0; shape.QueryGrowth is { } growth && token < query.Length / width; token++)
        {
            Span<float> row = query.AsSpan(token * width, width);
            TensorPrimitives.Multiply(row, (float)(1 + (growth.Beta * Math.Log(1 + (token / growth.Positions)))), row);
        }
    }

    private static void Add(float[] residual, float[] x, NormWeights? norm)
    {
        if (norm is not null)
        {
            ReferenceTransformer.Normalize(norm, x);
        }

        TensorPrimitives.Add(residual, x, residual);
    }

    /// <summary>A token's embedding, or what is added behind one of the first layers.</summary>
    private static float[] Part(DecoderShape shape, float[] embeddings, int part) =>
        [.. Enumerable.Range(0, embeddings.Length / shape.InputWidth).SelectMany(token => embeddings.AsSpan((token * shape.InputWidth) + (part * shape.Hidden), shape.Hidden).ToArray())];

    private static float[] Project(Projection projection, NormWeights? norm, float[] x, int heads, DecoderShape shape, RotaryTable rotary)
    {
        float[] y = ReferenceTransformer.Linear(projection, x);
        if (norm is not null)
        {
            ReferenceTransformer.Normalize(norm, y); // each head is a row of its own
        }

        float[] frequencies = rotary.Frequencies.ToArray();
        ReferenceTransformer.Rotate(y, heads, shape.HeadSize, (token, pair) => token * frequencies[pair], shape.RotarySize, (float)rotary.Magnitude);
        return y;
    }
}
