namespace SafeVision.VisionLanguage;

/// <summary>The engine of the SafeVision paper (arXiv 2510.23960): a vision-language model reads the policy at inference, looks at
/// the image, names the category and says why. Another policy, new categories included, needs no training.</summary>
public sealed class VisionLanguageEngine : IGuardrailEngine
{
    private readonly string _folder;
    private readonly VisionLanguageEngineOptions _options;
    private readonly EngineContext _context;

    /// <summary>Creates the engine; the model is loaded when the first policy is compiled.</summary>
    /// <param name="folder">The model's folder: ONNX files with the configuration and tokenizer files of the checkpoint.</param>
    /// <param name="options">How the model is asked; null: the defaults.</param>
    /// <param name="context">Where sessions are kept and how models are run. Engines of one context share a folder's model.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public VisionLanguageEngine(string folder, VisionLanguageEngineOptions? options, EngineContext context)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ArgumentNullException.ThrowIfNull(context);
        (_folder, _options, _context) = (Path.GetFullPath(folder), (options ?? new()).Validate(), context);
    }

    /// <inheritdoc />
    public string Name => "vision-language";

    /// <inheritdoc />
    public async ValueTask<ICompiledPolicy> CompileAsync(SafetyPolicy policy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(policy);
        VisionLanguageModel model = await LoadAsync(cancellationToken).ConfigureAwait(false);
        (IGuardProtocol protocol, PromptWording wording) = GuardProtocols.Choose(model.Sessions.Files.Configuration, model.Tokenizer, model.Profile, _options.Protocol);
        CompiledProtocol compiled = protocol.Compile(new ProtocolContext(policy, _options.Mode, model.Name, model.Profile, model.Tokenizer, wording));
        return new CompiledVisionLanguagePolicy(policy, model, compiled, await ProvenanceAsync(model, cancellationToken).ConfigureAwait(false), _options);
    }

    private Task<VisionLanguageModel> LoadAsync(CancellationToken cancellationToken)
    {
        var options = new VisionLanguageModelOptions
        {
            Files = VisionLanguageFileOptions.For(_context.Execution, _options.Precision),
            MaximumTiles = _options.MaximumTiles,
            MaximumTokens = _options.MaximumTokens,
            Sequences = _options.Sequences,
        };
        return _context.Sessions.ShareAsync(
            $"{_folder}|{options}",
            () => VisionLanguageModel.LoadAsync(_folder, options, _context.Sessions, _context.Execution, CancellationToken.None),
            cancellationToken);
    }

    private async Task<IReadOnlyList<ModelProvenance>> ProvenanceAsync(VisionLanguageModel model, CancellationToken cancellationToken)
    {
        var provenance = new List<ModelProvenance>();
        foreach ((ModelSession session, OnnxFile file) in model.Sessions.All)
        {
            provenance.Add(new ModelProvenance(
                Name,
                session.ModelName,
                await file.HashAsync().WaitAsync(cancellationToken).ConfigureAwait(false),
                session.Provider.Selected.Name,
                session.Provider.IsFallback ? string.Join("; ", session.Provider.Rejections) : null));
        }

        return provenance;
    }

    /// <summary>Does nothing: the model belongs to the context's sessions.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>How a vision-language model is asked, and how much memory and time it may take.</summary>
public sealed class VisionLanguageEngineOptions
{
    /// <summary>Whether the model names the category alone or gives a reason too. Default: <see cref="VisionLanguageMode.Comprehension"/>.</summary>
    public VisionLanguageMode Mode { get; set; } = VisionLanguageMode.Comprehension;

    /// <summary>What the model was trained to be asked and to answer: <c>safevision</c>, <c>instruct</c>, <c>llavaguard</c> (or
    /// <c>qwenguard</c>), <c>shieldgemma</c>, <c>llamaguard</c>, <c>singguard</c>, <c>policyshiftguard</c>, <c>shieldstral</c>,
    /// <c>nemotron</c>, <c>safeguard</c> or <c>guardreasoner</c>. Null (the default): what the prompt file beside the model says;
    /// without one, that of the guard for which its configuration or the variables of its conversation template speak,
    /// <c>safevision</c> where the model has its category tokens, and <c>instruct</c> otherwise.</summary>
    public string? Protocol { get; set; }

    /// <summary>The suffix of the model's files, such as <c>q4</c> or <c>fp16</c>, where a folder holds several precisions. Null
    /// (the default): the best for the execution provider.</summary>
    public string? Precision { get; set; }

    /// <summary>The most tiles that an image is cut into, 1 to 64; fewer are faster and see less detail. Null (the default): as
    /// many as the model was made for.</summary>
    public int? MaximumTiles { get; set; }

    /// <summary>Whether an image is first looked at in one tile, or few tokens, and in all of its tiles only where that leaves it
    /// open: where no category scores half-way from its block threshold to 1, and not all score at most half of their review
    /// threshold. Most images are then judged in a fraction of the time, but what is small in a large image may be overlooked, and
    /// somebody may see to it that it is. False (the default): all tiles at once, as protocols that think always do.</summary>
    public bool LooksOnceFirst { get; set; }

    /// <summary>The most tokens of a prompt and its answer, 256 to 1,048,576; decides the memory for keys and values. Null (the
    /// default): what the model was made for, at most 8192.</summary>
    public int? MaximumTokens { get; set; }

    /// <summary>How many prompts can be under way, and are remembered for reuse, at once, 1 to 64. Default: 4.</summary>
    public int Sequences { get; set; } = 4;

    /// <summary>Cells in each direction of the heat map that shows where the score comes from, 2 to 8; each cell is covered once
    /// and the model asked again, so a map of 3 x 3 takes nine times as long as the judgement. Null (the default): no heat
    /// map.</summary>
    public int? OcclusionCells { get; set; }

    internal VisionLanguageEngineOptions Validate()
    {
        Require(Enum.IsDefined(Mode), $"Mode {(int)Mode} is unknown");
        Require(MaximumTiles is null or (>= 1 and <= 64), $"MaximumTiles must be 1 to 64, but is {MaximumTiles}");
        Require(MaximumTokens is null or (>= 256 and <= 1 << 20), $"MaximumTokens must be 256 to 1048576, but is {MaximumTokens}");
        Require(Sequences is >= 1 and <= 64, $"Sequences must be 1 to 64, but is {Sequences}");
        Require(OcclusionCells is null or (>= 2 and <= 8), $"OcclusionCells must be 2 to 8, but is {OcclusionCells}");
        return (VisionLanguageEngineOptions)MemberwiseClone();
    }

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new ArgumentException($"{problem}.");
        }
    }
}

/// <summary>How much a vision-language engine answers.</summary>
public enum VisionLanguageMode
{
    /// <summary>The category alone: one prefill, a probability for every category, no words.</summary>
    Fast = 0,

    /// <summary>The category, and for a harmful image the reason in the model's own words.</summary>
    Comprehension = 1,
}
