using SafeVision.Assessments;
using SafeVision.Engines;
using SafeVision.Inference;
using SafeVision.Policies;
using SafeVision.VisionLanguage.Protocols;

namespace SafeVision.VisionLanguage;

/// <summary>
/// The engine of the SafeVision paper (arXiv 2510.23960): a vision-language model reads the policy at inference, looks at the
/// image, names the category and says why. Another policy, new categories included, needs no training.
/// </summary>
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
        (IGuardProtocol protocol, PromptWording wording) = Choose(model);
        CompiledProtocol compiled = protocol.Compile(new ProtocolContext(policy, _options.Mode, model.Name, model.Profile, model.Tokenizer, wording));
        return new CompiledVisionLanguagePolicy(policy, model, compiled, await ProvenanceAsync(model, cancellationToken).ConfigureAwait(false), _options);
    }

    /// <summary>The protocol that the options name, or else the prompt file beside the model, or else the one that the model's tokens speak for.</summary>
    private (IGuardProtocol Protocol, PromptWording Wording) Choose(VisionLanguageModel model)
    {
        PromptWording? beside = PromptWording.Read(model.Sessions.Files.Configuration);
        IGuardProtocol protocol = _options.Protocol is { } name ? GuardProtocols.Find(name, nameof(VisionLanguageEngineOptions))
            : beside is not null ? GuardProtocols.Find(beside.Protocol, beside.Source)
            : GuardProtocols.Guess(model.Tokenizer);
        bool fits = beside is not null && beside.Protocol.Equals(protocol.Name, StringComparison.OrdinalIgnoreCase);
        return (protocol, fits ? beside! : PromptWording.Default(protocol.Name));
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
