using SafeVision.Inference;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Generation;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage;

/// <summary>
/// A loaded vision-language model: tokenizer, vision tower and a decoder that any number of prompts share. Thread-safe.
/// </summary>
internal sealed class VisionLanguageModel : IDisposable
{
    private const int UsualTokens = 8192; // few prompts come near it, and keys and values take memory

    private readonly VisionTower _tower;
    private readonly SemaphoreSlim _looking = new(1); // one picture at a time: the tower uses all cores by itself

    private VisionLanguageModel(VisionLanguageSessions sessions, TextTokenizer tokenizer, VisionLanguageProfile profile, VisionLanguageModelOptions options)
    {
        (Sessions, Tokenizer, Profile) = (sessions, tokenizer, profile);
        _tower = new VisionTower(sessions.Vision, sessions.Files.VisionNames, options.TilesPerRun);
        Scheduler = Schedule(sessions, profile, options);
        Forbidden = [.. tokenizer.AddedTokens.Select(token => token.Id).Where(id => !profile.StopTokens.Contains(id)).Append(profile.ImageToken).Distinct()];
    }

    /// <summary>The loaded graphs and where they come from.</summary>
    public VisionLanguageSessions Sessions { get; }

    public TextTokenizer Tokenizer { get; }

    public VisionLanguageProfile Profile { get; }

    public DecoderScheduler Scheduler { get; }

    /// <summary>The ids that free text may not hold: every added token but those that end it.</summary>
    public IReadOnlyList<int> Forbidden { get; }

    /// <summary>The folder's name.</summary>
    public string Name => Path.GetFileName(Sessions.Files.Folder);

    /// <summary>Loads a model.</summary>
    /// <exception cref="ModelLoadException">The folder is not a model that can be run; the message says what is missing or wrong.</exception>
    public static async Task<VisionLanguageModel> LoadAsync(
        string folder, VisionLanguageModelOptions options, SessionCache sessions, ExecutionOptions execution, CancellationToken cancellationToken)
    {
        VisionLanguageFiles files = VisionLanguageFiles.Find(folder, options.Files);
        TextTokenizer tokenizer = TextTokenizer.Open(files.Folder);
        int tokens = options.MaximumTokens ?? UsualTokens;
        VisionLanguageProfile profile = VisionLanguageFamilies.Read(
            files.Configuration, tokenizer, new PreparationOptions { MaximumTiles = options.MaximumTiles, MaximumTokens = tokens / 2 }); // half is left for the policy
        profile = profile with { ContextLength = Math.Min(tokens, profile.ContextLength) };
        VisionLanguageSessions loaded = await VisionLanguageSessions.LoadAsync(files, sessions, execution, cancellationToken).ConfigureAwait(false);
        return new VisionLanguageModel(loaded, tokenizer, profile, options);
    }

    private static DecoderScheduler Schedule(VisionLanguageSessions sessions, VisionLanguageProfile profile, VisionLanguageModelOptions options)
    {
        VisionLanguageFiles files = sessions.Files;
        DecoderGraph graph = new DecoderGraph(sessions.Decoder, files.DecoderNames, files.DecoderSharesCache);
        var embeddings = new EmbeddingTable(
            sessions.Embedding, files.EmbeddingNames.InputIds, files.EmbeddingNames.ImageFeatures, files.EmbeddingNames.Embeddings, graph.Width, profile.ImageToken);
        var decoder = new TextDecoder(graph, embeddings, profile.Positions, options.TokensPerRun);
        return new DecoderScheduler(decoder, new DecoderSlots(graph, options.Sequences, profile.ContextLength), options.PromptsPerRun);
    }

    /// <summary>Computes a picture's features.</summary>
    public async Task<ImageFeatures> EncodeAsync(ImagePlan plan, ReadOnlyMemory<float> pixels, CancellationToken cancellationToken)
    {
        await _looking.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _tower.Encode(plan, pixels, cancellationToken);
        }
        finally
        {
            _looking.Release();
        }
    }

    public void Dispose() => Scheduler.Dispose();
}
