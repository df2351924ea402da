namespace SafeVision.VisionLanguage;

/// <summary>What a folder of a vision-language model holds: configuration, three graphs and the names of their tensors. Nothing is loaded yet.</summary>
internal sealed record VisionLanguageFiles
{
    public required ModelConfiguration Configuration { get; init; }

    public string Folder => Configuration.Folder;

    /// <summary>From pixels to image features.</summary>
    public required OnnxFile Vision { get; init; }

    /// <summary>From token ids to embeddings.</summary>
    public required OnnxFile Embedding { get; init; }

    /// <summary>From embeddings and the past to scores of the next token.</summary>
    public required OnnxFile Decoder { get; init; }

    /// <summary>By which names the layout's graphs know their tensors.</summary>
    public required TensorNaming Naming { get; init; }

    /// <summary>Those names.</summary>
    public required VisionLanguageContract Names { get; init; }

    /// <summary>Whether the decoder appends to one buffer of keys and values in place.</summary>
    public bool DecoderSharesCache => Names.Decoder.CanShareCache(Decoder.Header);

    /// <summary>Finds the files of a folder in any known layout, reads their headers and checks that they fit together.</summary>
    /// <exception cref="ModelLoadException">Something is missing or does not fit; the message names the file and says what to do.</exception>
    public static VisionLanguageFiles Find(string folder, VisionLanguageFileOptions options)
    {
        ModelConfiguration configuration = ModelConfiguration.Open(folder);
        FoundFiles found = Locate(configuration, options);
        OnnxFile vision = OnnxFile.Open(found.Paths[VisionLanguagePart.Vision]);
        OnnxFile embedding = OnnxFile.Open(found.Paths[VisionLanguagePart.Embedding]);
        OnnxFile decoder = OnnxFile.Open(found.Paths[VisionLanguagePart.Decoder]);
        return new VisionLanguageFiles
        {
            Configuration = configuration,
            Vision = vision,
            Embedding = embedding,
            Decoder = decoder,
            Naming = found.Naming,
            Names = VisionLanguageContract.Read(found.Naming, GraphSignature.Of(vision), GraphSignature.Of(embedding), GraphSignature.Of(decoder)),
        };
    }

    private static FoundFiles Locate(ModelConfiguration configuration, VisionLanguageFileOptions options)
    {
        bool isGenAI = configuration.Has("genai_config.json");
        if (OnnxCommunityLayout.IsIn(configuration.Folder) || !isGenAI)
        {
            return OnnxCommunityLayout.Find(configuration, options);
        }

        return options.Precision is null && options.PartPrecisions.Count == 0
            ? GenAILayout.Find(configuration)
            : throw new ModelLoadException($"{configuration.Folder}: is laid out for onnxruntime-genai, which has each graph in one precision only. Ask for none, or open the folder of another precision.");
    }
}

/// <summary>Which files to take where a folder has a graph in several precisions.</summary>
internal sealed record VisionLanguageFileOptions
{
    /// <summary>fp32, fp16, q4, q4f16, int8, uint8, q8, quantized or bnb4. The decoder must have it; the other graphs take it where
    /// they have it. Null (the default): what suits <see cref="Provider"/>.</summary>
    public string? Precision { get; init; }

    /// <summary>Precisions of single graphs, which these must have. Default: none.</summary>
    public IReadOnlyDictionary<VisionLanguagePart, string> PartPrecisions { get; init; } = new Dictionary<VisionLanguagePart, string>();

    /// <summary>Where the graphs are to run. Default: the processor.</summary>
    public ExecutionProvider Provider { get; init; } = ExecutionProvider.Cpu;

    /// <summary>Options for the first of the wanted providers that this machine has.</summary>
    /// <exception cref="ExecutionProviderException">The native ONNX Runtime is missing.</exception>
    public static VisionLanguageFileOptions For(ExecutionOptions execution, string? precision = null) =>
        new() { Precision = precision, Provider = ProviderCatalog.FirstUsable(execution) };
}

/// <summary>The three graphs of a vision-language model.</summary>
internal enum VisionLanguagePart
{
    Vision, // from pixels to image features
    Embedding, // from token ids to embeddings
    Decoder, // from embeddings and the past to scores of the next token
}

/// <summary>The three files that a layout points at, before they are read.</summary>
/// <param name="Paths">The file of each graph.</param>
/// <param name="Naming">By which names the graphs know their tensors.</param>
internal sealed record FoundFiles(IReadOnlyDictionary<VisionLanguagePart, string> Paths, TensorNaming Naming);
