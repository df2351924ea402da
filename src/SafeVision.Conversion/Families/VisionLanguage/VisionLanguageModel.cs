namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>What a family read from a checkpoint: the three parts that become graphs.</summary>
internal sealed record VisionLanguageModel : IDisposable
{
    /// <summary>From pixels to image features.</summary>
    public required IVisionEncoder Vision { get; init; }

    /// <summary>From embeddings to logits; its embedding is the third graph.</summary>
    public required TextDecoder Text { get; init; }

    /// <summary>The paths of the configuration and of the weights.</summary>
    public required IReadOnlyList<string> SourceFiles { get; init; }

    /// <summary>What holds the weights' bytes.</summary>
    public required IDisposable Checkpoint { get; init; }

    public void Dispose() => Checkpoint.Dispose();
}

/// <summary>A family whose checkpoints hold a vision tower and a language model: its facts, and how its network is written as graphs.</summary>
internal abstract class FamilyNetwork(string name) : IModelFamily
{
    /// <summary>What the family's configuration and names mean.</summary>
    public VisionLanguageFamily Facts { get; } = VisionLanguageFamily.Find(name)!;

    public string Name => Facts.Name;

    public bool Recognizes(string folder) => CheckpointFile.ConfigText(folder, "model_type") is { } type && Facts.ModelTypes.Contains(type);

    /// <summary>Reads a checkpoint and merges the adapters inside and beside it. The result holds its files open until it is disposed.</summary>
    /// <param name="adapter">What is merged into its weights, which then must live as long as the result; null: nothing.</param>
    /// <exception cref="CheckpointException">It is not one of this family, or is damaged, or the adapter does not fit it.</exception>
    public VisionLanguageModel Read(string folder, LoraAdapter? adapter = null) => SafetensorsCheckpoint.Read(folder, (checkpoint, config, files) =>
    {
        UnmergedAdapter.Merge(checkpoint, config);
        adapter?.MergeInto(checkpoint);
        checkpoint.Spell(Facts.NameOf);
        TextDecoder decoder = TextDecoders.Read(checkpoint, Facts.ReadText(config));
        (IVisionEncoder vision, TextDecoder text) = Read(checkpoint, Facts.ReadVision(config), decoder);
        return new VisionLanguageModel { Text = text, Vision = vision, SourceFiles = files, Checkpoint = checkpoint };
    });

    /// <summary>Reads the tower that fits a language model; a family may change the latter too.</summary>
    protected virtual (IVisionEncoder Vision, TextDecoder Text) Read(SafetensorsCheckpoint checkpoint, VisionSettings vision, TextDecoder text) => (ReadVision(checkpoint, vision, text), text);

    /// <summary>Reads the tower that fits a language model.</summary>
    protected abstract IVisionEncoder ReadVision(SafetensorsCheckpoint checkpoint, VisionSettings vision, TextDecoder text);
}

/// <summary>A family's way from pixels to image features: <c>vision_encoder</c> of the onnx-community layout. What stands before
/// and behind its layers is written twice, as nodes and as a reference, so that the one can be held against the other.</summary>
internal interface IVisionEncoder : IEncoder
{
    VisionTransformer Layers { get; }

    /// <summary>The same with other layers of the same sizes.</summary>
    IVisionEncoder WithLayers(VisionTransformer layers);

    string IEncoder.Name => "vision_encoder";

    string IEncoder.Output => "image_features";

    string IEncoder.LastPart => "projector";

    int IEncoder.Depth => Layers.Layers.Count;

    int[] IEncoder.FinalShape => [1, ReferenceEmbed(Probe(1)).Length / Layers.Width, Layers.Width];

    long IEncoder.Cost(int layer) => ReferenceVision.Cost(Layers, ReferenceEmbed(Probe(1)).Length / Layers.Width);

    float[] IEncoder.ReferenceStep(int layer, float[] hidden) => ReferenceVision.Step(Layers, layer, hidden, ReferenceRotate, SharesWindow);

    float[] IEncoder.ReferenceFinish(float[] hidden) => ReferenceVision.Finish(Layers, hidden);

    float[] IEncoder.ReferenceHead(float[] final, IReadOnlyList<float[]> taken, IReadOnlyDictionary<string, VisionInput> inputs) => ReferenceProject(final, taken);

    /// <summary>From what the layers yield to image features, computed as a reference.</summary>
    /// <param name="tokens">Behind the last layer, normalised where there is a norm.</param>
    /// <param name="taken">Behind each of <see cref="IEncoder.TakenLayers"/>.</param>
    float[] ReferenceProject(float[] tokens, IReadOnlyList<float[]> taken);

    /// <summary>Turns queries and keys [tokens, width] by their places, where the layers do so.</summary>
    void ReferenceRotate(float[] query, float[] key)
    {
    }

    /// <summary>Whether one token of <see cref="IEncoder.Probe"/> lies in another's window, where layers see windows.</summary>
    bool SharesWindow(int token, int other) => true;
}

/// <summary>One input of a vision encoder, for a check.</summary>
/// <param name="Numbers">Its numbers; whole where the input takes integers or flags.</param>
internal sealed record VisionInput(int[] Shape, float[] Numbers)
{
    /// <summary>Numbers from -1 to 1, as preprocessed pixels are.</summary>
    public static VisionInput Noise(ulong seed, params int[] shape)
    {
        int length = shape.Aggregate(1, (product, size) => checked(product * size));
        return new VisionInput(shape, GoldenInput.CreateSigned(seed, length));
    }
}
