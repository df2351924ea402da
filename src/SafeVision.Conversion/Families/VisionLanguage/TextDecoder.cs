namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>A language model: norm, attention, norm, gated feed-forward, layer by layer (Touvron et al., arXiv 2302.13971).</summary>
/// <param name="Embedding">[vocabulary, hidden].</param>
/// <param name="Layers">From the first to the last.</param>
/// <param name="Norm">Behind the last layer.</param>
/// <param name="Head">[vocabulary, hidden]; the embedding itself where the two are tied.</param>
internal sealed record TextDecoder(DecoderShape Shape, WeightMatrix Embedding, IReadOnlyList<DecoderLayer> Layers, NormWeights Norm, Projection Head)
{
    /// <summary>What a host hands over for tokens of a text, [tokens, input width].</summary>
    public float[] Embed(ReadOnlySpan<int> ids)
    {
        float[] rows = new float[ids.Length * Shape.InputWidth];
        for (int i = 0; i < ids.Length; i++)
        {
            Span<float> row = rows.AsSpan(i * Shape.InputWidth, Shape.Hidden);
            Embedding.ReadRows(ids[i], row);
            TensorPrimitives.Multiply(row, Shape.EmbeddingScale, row);
        }

        return rows;
    }
}

/// <summary>The sizes of a language model: what its settings say, read once and all of it.</summary>
internal sealed record DecoderShape(TextSettings Settings, int Vocabulary)
{
    public int Hidden { get; } = Settings.Width;
    public int Intermediate { get; } = Settings.Intermediate;
    public int Heads { get; } = Settings.Heads;

    /// <summary>Each shared by as many queries (Ainslie et al., arXiv 2305.13245).</summary>
    public int KeyValueHeads { get; } = Settings.KeyValueHeads;

    public int HeadSize { get; } = Settings.HeadSize;
    public RotaryTable Rotary { get; } = Settings.Rotary;

    /// <summary>How many of a head's first numbers are turned; the rest passes.</summary>
    public int RotarySize => 2 * Rotary.Columns;

    public IReadOnlyList<int>? RotarySections { get; init; } = Settings.RotarySections;
    public RotaryTable? WindowRotary { get; } = Settings.WindowRotary;
    public int? Window { get; } = Settings.Window;

    /// <summary>Whether the tokens of an image see each other both ways, so that each token's last visible one is an input of the graph.</summary>
    public bool SeesWholeImages { get; } = Settings.SeesWholeImages;

    /// <summary>What queries times keys are multiplied by.</summary>
    public double AttentionScale { get; } = Settings.AttentionScale ?? 1 / Math.Sqrt(Settings.HeadSize);

    public double? AttentionCap { get; } = Settings.AttentionCap;
    public double? LogitCap { get; } = Settings.LogitCap;

    /// <summary>Queries grow by 1 + β · ln(1 + ⌊position / positions⌋); null: not at all.</summary>
    public (double Beta, int Positions)? QueryGrowth { get; } = Settings.QueryGrowth is { } beta ? (beta, Settings.QueryGrowthPositions) : null;

    public float EmbeddingScale { get; } = Settings.EmbeddingScale;
    public Activation Activation { get; } = Activations.Parse(Settings.Activation, Settings.Config.Where);

    /// <summary>How many of the first layers get features of an image's tokens added to what they yield (DeepStack). They stand
    /// behind a token's embedding, zeros for text, so that a host hands over one vector a token whatever the family.</summary>
    public int DeepStack { get; init; }

    /// <summary>The size of what a host hands over for a token.</summary>
    public int InputWidth => Hidden * (1 + DeepStack);

    /// <summary>Which of time, row and column (0, 1, 2) an angle follows.</summary>
    public int RotaryAxis(int angle)
    {
        IReadOnlyList<int> sections = RotarySections ?? throw new InvalidOperationException("All angles follow one position.");
        if (Settings.InterleavesSections)
        {
            int axis = angle % 3;
            return axis > 0 && angle < 3 * sections[axis] ? axis : 0;
        }

        return angle < sections[0] ? 0 : angle < sections[0] + sections[1] ? 1 : 2;
    }
}

/// <summary>The weights of one layer of a language model.</summary>
internal sealed record DecoderLayer
{
    public required string Name { get; init; }
    public required NormWeights AttentionNorm { get; init; }

    /// <summary>[heads · headSize, hidden].</summary>
    public required Projection Query { get; init; }

    /// <summary>[keyValueHeads · headSize, hidden].</summary>
    public required Projection Key { get; init; }

    /// <summary>[keyValueHeads · headSize, hidden].</summary>
    public required Projection Value { get; init; }

    /// <summary>How the layer remembers instead of attending (its queries, keys and values are the memory's); null: it attends.</summary>
    public DeltaMemory? Memory { get; init; }

    /// <summary>What the attention's result is multiplied by the sigmoid of, [heads · headSize, hidden]; null: nothing.</summary>
    public Projection? AttentionGate { get; init; }

    /// <summary>Over each head's queries; null: none.</summary>
    public NormWeights? QueryNorm { get; init; }

    /// <summary>Over each head's keys; null: none.</summary>
    public NormWeights? KeyNorm { get; init; }

    /// <summary>[hidden, heads · headSize].</summary>
    public required Projection Output { get; init; }

    /// <summary>Over what the attention yields, before it is added; null: none.</summary>
    public NormWeights? OutputNorm { get; init; }

    /// <summary>Whether a token sees only <see cref="DecoderShape.Window"/> tokens.</summary>
    public bool SeesWindow { get; init; }

    public required NormWeights MlpNorm { get; init; }
    public required Projection Gate { get; init; }
    public required Projection Up { get; init; }
    public required Projection Down { get; init; }

    /// <summary>Over what the feed-forward part yields, before it is added; null: none.</summary>
    public NormWeights? DownNorm { get; init; }
}

/// <summary>A normalisation over the last dimension.</summary>
/// <param name="Weight">What the normalised numbers are multiplied by.</param>
/// <param name="Bias">What is added then; null: none, and no mean is taken off before, which makes it an RMS norm (Zhang and Sennrich, arXiv 1910.07467).</param>
/// <param name="Epsilon">Added to the variance.</param>
internal sealed record NormWeights(string Name, float[] Weight, float[]? Bias, double Epsilon)
{
    public bool IsRms => Bias is null;

    /// <summary>The same with each number of its result divided by a factor.</summary>
    public NormWeights Divide(float[] factors) =>
        this with { Weight = [.. Weight.Select((weight, i) => weight / factors[i])], Bias = Bias is null ? null : [.. Bias.Select((bias, i) => bias / factors[i])] };

    public static NormWeights Rms(SafetensorsCheckpoint checkpoint, string name, int features, double epsilon) =>
        new(name, checkpoint.Get($"{name}.weight", features).ToSingle(), null, epsilon);

    /// <summary>An RMS norm that is stored as what it differs from 1.</summary>
    public static NormWeights RmsOffset(SafetensorsCheckpoint checkpoint, string name, int features, double epsilon)
    {
        NormWeights norm = Rms(checkpoint, name, features, epsilon);
        TensorPrimitives.Add<float>(norm.Weight, 1, norm.Weight);
        return norm;
    }

    public static NormWeights Layer(SafetensorsCheckpoint checkpoint, string name, int features, double epsilon) =>
        new(name, checkpoint.Get($"{name}.weight", features).ToSingle(), checkpoint.Get($"{name}.bias", features).ToSingle(), epsilon);
}

/// <summary>The numbers of a linear layer.</summary>
/// <param name="Weight">[out, in].</param>
/// <param name="Bias">[out]; null: none.</param>
internal sealed record Projection(WeightMatrix Weight, float[]? Bias)
{
    public int Features => Weight.Rows;

    /// <summary>Reads <c>NAME.weight</c>, and <c>NAME.bias</c> where there must be one.</summary>
    public static Projection Read(SafetensorsCheckpoint checkpoint, string name, int output, int input, bool hasBias) => new(
        WeightMatrix.From(checkpoint.Get($"{name}.weight", output, input)),
        hasBias ? checkpoint.Get($"{name}.bias", output).ToSingle() : null);

    public Projection Slice(string name, int first, int count) => new(Weight.Slice(name, first, count), Bias?[first..(first + count)]);

    /// <summary>The same with each output times a factor: what a layer scale behind it comes to.</summary>
    public Projection Scale(float[] factors)
    {
        float[]? bias = Bias is null ? null : new float[Bias.Length];
        if (bias is not null)
        {
            TensorPrimitives.Multiply<float>(Bias, factors, bias);
        }

        return new Projection(Weight.ScaleRows(factors), bias);
    }

    /// <summary>The same for an input whose numbers are divided by these factors.</summary>
    public Projection ScaleInputs(float[] factors) => this with { Weight = Weight.ScaleColumns(factors) };

    /// <summary>Several projections of one input as a single one, their outputs one behind the other.</summary>
    public static Projection Stack(string name, params Projection[] parts) => new(
        WeightMatrix.Stack(name, [.. parts.Select(part => part.Weight)]),
        parts.All(part => part.Bias is null) ? null : [.. parts.SelectMany(part => part.Bias ?? new float[part.Features])]);
}
