namespace SafeVision.Conversion.Families.Encoders;

/// <summary>What a family read from a checkpoint: one encoder that classifies, or two whose vectors are compared.</summary>
internal sealed record EncoderModel : IDisposable
{
    /// <summary><c>imageClassifier</c> or <c>contrastive</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Each becomes a file; the first one takes images.</summary>
    public required IReadOnlyList<IEncoder> Encoders { get; init; }

    public IReadOnlyList<string> Labels { get; init; } = [];
    public required PreprocessingRecipe Preprocessing { get; init; }

    /// <summary>How vectors are compared; null for a classifier.</summary>
    public ContrastiveSettings? Contrastive { get; init; }

    public IReadOnlyDictionary<string, string> Outputs { get; init; } = new Dictionary<string, string> { ["logits"] = "logits", ["probabilities"] = "probabilities" };

    /// <summary>The paths of the configuration and of the weights.</summary>
    public IReadOnlyList<string> SourceFiles { get; private init; } = [];

    /// <summary>What holds the weights' bytes.</summary>
    public IDisposable? Checkpoint { get; private init; }

    /// <summary>Opens a checkpoint and reads a model of it.</summary>
    public static EncoderModel Read(string folder, Func<SafetensorsCheckpoint, JsonValue, EncoderModel> read) => SafetensorsCheckpoint.Read(folder, (checkpoint, config, files) =>
    {
        UnmergedAdapter.Merge(checkpoint, config);
        return read(checkpoint, config) with { SourceFiles = files, Checkpoint = checkpoint };
    });

    public void Dispose() => Checkpoint?.Dispose();
}

/// <summary>A network from images or texts to one vector each: what stands before its layers, the layers, what stands behind them.
/// Each part is written as nodes and computed as a reference, so that the one can be held against the other, part by part where the
/// whole would take too long.</summary>
internal interface IEncoder
{
    /// <summary>The file's name, without its ending.</summary>
    string Name { get; }

    /// <summary>The output that the checks compare.</summary>
    string Output { get; }

    /// <summary>Whether its weights can be rounded; else they are written as the checkpoint stores them.</summary>
    bool TakesPrecision => true;

    int Depth { get; }

    /// <summary>The shape of what the last part takes, for one item: [1, tokens, width].</summary>
    int[] FinalShape { get; }

    /// <summary>The graph. Its <see cref="TransformerGraph.Hidden"/> are what goes into the first layer and what each yields.</summary>
    TransformerGraph Write(IWeightForm form);

    IReadOnlyDictionary<string, VisionInput> Probe(ulong seed);

    long Cost(int layer);

    /// <summary>What goes into the first layer, computed as a reference.</summary>
    float[] ReferenceEmbed(IReadOnlyDictionary<string, VisionInput> inputs);

    /// <summary>What a layer makes of the values that go into it, computed as a reference.</summary>
    float[] ReferenceStep(int layer, float[] hidden);

    /// <summary>From what the last layer yields to what the last part takes, computed as a reference.</summary>
    float[] ReferenceFinish(float[] hidden);

    /// <summary>What the last part is called in messages.</summary>
    string LastPart => "the last part";

    /// <summary>The layers whose values go into the last part too, beside those of the last one.</summary>
    IReadOnlyList<int> TakenLayers => [];

    /// <summary>The last part, computed as a reference.</summary>
    /// <param name="final">What the last layer yields, finished.</param>
    /// <param name="taken">What each of <see cref="TakenLayers"/> yields.</param>
    float[] ReferenceHead(float[] final, IReadOnlyList<float[]> taken, IReadOnlyDictionary<string, VisionInput> inputs);
}

/// <summary>A family whose checkpoints hold encoders: classifiers made of one, or pairs whose vectors are compared.</summary>
internal interface IEncoderFamily : IModelFamily
{
    /// <summary>Reads a checkpoint. The result holds its files open until it is disposed.</summary>
    /// <exception cref="CheckpointException">It is not one of this family, or is damaged.</exception>
    EncoderModel Read(string folder, ConversionRecipe recipe);
}
