namespace SafeVision.VisionLanguage;

/// <summary>A loaded vision-language model: tokenizer, vision tower and a decoder that any number of prompts share. Thread-safe.</summary>
internal sealed class VisionLanguageModel : IDisposable
{
    private const int UsualTokens = 8192; // few prompts come near it, and keys and values take memory
    private const int GlanceTokens = 256; // of an image at a first look, where a family knows no tiles

    private readonly VisionTower _tower;
    private readonly SemaphoreSlim _looking = new(1); // one image at a time: the tower uses all cores by itself

    private VisionLanguageModel(
        VisionLanguageSessions sessions, TextTokenizer tokenizer, VisionLanguageProfile profile, IImagePreparation glance, VisionLanguageModelOptions options)
    {
        (Sessions, Tokenizer, Profile, Glance) = (sessions, tokenizer, profile, glance);
        _tower = new VisionTower(sessions.Vision, sessions.Files.Names.Vision, options.TilesPerRun);
        Scheduler = Schedule(sessions, profile, options);
        Forbidden = [.. tokenizer.AddedTokens.Select(token => token.Id).Where(id => !profile.StopTokens.Contains(id)).Append(profile.ImageToken).Distinct()];
    }

    /// <summary>The loaded graphs and where they come from.</summary>
    public VisionLanguageSessions Sessions { get; }

    public TextTokenizer Tokenizer { get; }
    public VisionLanguageProfile Profile { get; }

    /// <summary>How an image is prepared for a first look.</summary>
    public IImagePreparation Glance { get; }

    public DecoderScheduler Scheduler { get; }

    /// <summary>The ids that free text may not hold: every added token but those that end it.</summary>
    public IReadOnlyList<int> Forbidden { get; }

    public string Name => Path.GetFileName(Sessions.Files.Folder);

    /// <exception cref="ModelLoadException">The folder is not a model that can be run; the message says what is missing or wrong.</exception>
    public static async Task<VisionLanguageModel> LoadAsync(
        string folder, VisionLanguageModelOptions options, SessionCache sessions, ExecutionOptions execution, CancellationToken cancellationToken)
    {
        VisionLanguageFiles files = VisionLanguageFiles.Find(folder, options.Files);
        TextTokenizer tokenizer = TextTokenizer.Open(files.Folder);
        int tokens = options.MaximumTokens ?? UsualTokens;
        VisionLanguageProfile profile = VisionLanguageFamilies.Read(
            files.Configuration, tokenizer, new PreparationOptions { MaximumTiles = options.MaximumTiles, MaximumTokens = tokens / 2 }); // half is left for the policy
        IImagePreparation glance = VisionLanguageFamilies.Read(
            files.Configuration, tokenizer, new PreparationOptions { MaximumTiles = 1, MaximumTokens = Math.Min(GlanceTokens, tokens / 2) }).Images;
        profile = profile with { ContextLength = Math.Min(tokens, profile.ContextLength) };
        VisionLanguageSessions loaded = await VisionLanguageSessions.LoadAsync(files, sessions, execution, cancellationToken).ConfigureAwait(false);
        return new VisionLanguageModel(loaded, tokenizer, profile, glance, options);
    }

    private static DecoderScheduler Schedule(VisionLanguageSessions sessions, VisionLanguageProfile profile, VisionLanguageModelOptions options)
    {
        VisionLanguageFiles files = sessions.Files;
        DecoderGraph graph = new DecoderGraph(sessions.Decoder, files.Names.Decoder, files.DecoderSharesCache);
        var embeddings = new EmbeddingTable(sessions.Embedding, files.Names.Embedding, graph.Width, profile.ImageToken);
        var decoder = new TextDecoder(graph, embeddings, profile.Positions, options.TokensPerRun);
        return new DecoderScheduler(decoder, new DecoderSlots(graph, options.Sequences, profile.ContextLength));
    }

    public long Looks => _tower.Looks;

    /// <summary>Computes an image's features, but for a tile that is known.</summary>
    public async Task<ImageFeatures> EncodeAsync(ImagePlan plan, ReadOnlyMemory<float> pixels, CancellationToken cancellationToken, KnownTile? known = null)
    {
        await _looking.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _tower.Encode(plan, pixels, known, cancellationToken);
        }
        finally
        {
            _looking.Release();
        }
    }

    public void Dispose() => Scheduler.Dispose();
}

/// <summary>How a vision-language model is loaded and how much memory it may use.</summary>
internal sealed record VisionLanguageModelOptions
{
    public VisionLanguageFileOptions Files { get; init; } = new();

    /// <summary>The most tiles of an image; null: as many as the model was made for.</summary>
    public int? MaximumTiles { get; init; }

    /// <summary>The most tokens of a prompt and its answer; null: what the model was made for, at most 8192.</summary>
    public int? MaximumTokens { get; init; }

    /// <summary>How many prompts can be under way, or be remembered, at once.</summary>
    public int Sequences { get; init; } = 4;

    public int TokensPerRun { get; init; } = 256;
    public int TilesPerRun { get; init; } = 1;
}

/// <summary>The three loaded graphs of a vision-language model. They belong to the session cache, which disposes of them.</summary>
internal sealed class VisionLanguageSessions
{
    private VisionLanguageSessions(VisionLanguageFiles files, ModelSession vision, ModelSession embedding, ModelSession decoder) =>
        (Files, Vision, Embedding, Decoder) = (files, vision, embedding, decoder);

    public VisionLanguageFiles Files { get; }

    /// <summary>From pixels to image features.</summary>
    public ModelSession Vision { get; }

    /// <summary>From token ids to embeddings.</summary>
    public ModelSession Embedding { get; }

    /// <summary>From embeddings and the past to scores of the next token.</summary>
    public ModelSession Decoder { get; }

    /// <summary>Each graph with its file.</summary>
    public IReadOnlyList<(ModelSession Session, OnnxFile File)> All => [(Vision, Files.Vision), (Embedding, Files.Embedding), (Decoder, Files.Decoder)];

    /// <summary>Loads the graphs, one after the other, so that no two of them need room for their optimisation at once; hashes of
    /// the files are computed meanwhile and waited for by whoever asks for them (<see cref="OnnxFile.HashAsync"/>).</summary>
    /// <exception cref="ModelLoadException">ONNX Runtime lacks an operator set or operator, or can't load a file; the message names it.</exception>
    /// <exception cref="ExecutionProviderException">A required provider is not usable.</exception>
    public static async Task<VisionLanguageSessions> LoadAsync(
        VisionLanguageFiles files, SessionCache sessions, ExecutionOptions options, CancellationToken cancellationToken = default)
    {
        Array.ForEach([files.Vision, files.Embedding, files.Decoder], StartHashing);
        ModelSession vision = await Load(files.Vision).ConfigureAwait(false);
        ModelSession embedding = await Load(files.Embedding).ConfigureAwait(false);
        ModelSession decoder = await Load(files.Decoder).ConfigureAwait(false);

        // What the files leave open, ONNX Runtime has inferred by now.
        GraphSignature decoderGraph = GraphSignature.Of(files.Decoder, decoder);
        VisionLanguageContract contract = VisionLanguageContract.Read(
            files.Naming, GraphSignature.Of(files.Vision, vision), GraphSignature.Of(files.Embedding, embedding), decoderGraph);
        contract.Decoder.RequireNothingElse(decoderGraph);
        return new VisionLanguageSessions(files, vision, embedding, decoder);

        Task<ModelSession> Load(OnnxFile file) => sessions.GetAsync(file, $"{Path.GetFileName(files.Folder)}/{file.Name}", options, cancellationToken);
    }

    private static void StartHashing(OnnxFile file) => file.HashAsync().ContinueWith(
        static failed => failed.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
