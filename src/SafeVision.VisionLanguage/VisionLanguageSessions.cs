using SafeVision.Inference;

namespace SafeVision.VisionLanguage;

/// <summary>The three loaded graphs of a vision-language model. They belong to the session cache, which disposes of them.</summary>
internal sealed class VisionLanguageSessions
{
    private VisionLanguageSessions(VisionLanguageFiles files, ModelSession vision, ModelSession embedding, ModelSession decoder) =>
        (Files, Vision, Embedding, Decoder) = (files, vision, embedding, decoder);

    /// <summary>Where they come from, and what their tensors are called.</summary>
    public VisionLanguageFiles Files { get; }

    /// <summary>From pixels to image features.</summary>
    public ModelSession Vision { get; }

    /// <summary>From token ids to embeddings.</summary>
    public ModelSession Embedding { get; }

    /// <summary>From embeddings and the past to scores of the next token.</summary>
    public ModelSession Decoder { get; }

    /// <summary>Each graph with its file.</summary>
    public IReadOnlyList<(ModelSession Session, OnnxFile File)> All => [(Vision, Files.Vision), (Embedding, Files.Embedding), (Decoder, Files.Decoder)];

    /// <summary>
    /// Loads the graphs, one after the other, so that no two of them need room for their optimisation at once; hashes of
    /// the files are computed meanwhile and waited for by whoever asks for them (<see cref="OnnxFile.HashAsync"/>).
    /// </summary>
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
