namespace SafeVision.VisionLanguage.Families;

/// <summary>Reads how a model is fed, by its family.</summary>
internal static class VisionLanguageFamilies
{
    /// <exception cref="ModelLoadException">No family is known for it; the message lists those that are.</exception>
    public static VisionLanguageProfile Read(ModelConfiguration configuration, TextTokenizer tokenizer, PreparationOptions? options = null)
    {
        string type = configuration.Config["model_type"].Text() ?? configuration.GenAI["model"]["type"].Text()
            ?? throw new ModelLoadException($"{configuration.Folder}: neither config.json ('model_type') nor genai_config.json ('model.type') says what the model is. Copy the configuration files of the checkpoint beside the ONNX files.");
        VisionLanguageFamily family = VisionLanguageFamily.Find(type)
            ?? throw new ModelLoadException($"{configuration.Folder}: the model type '{type}' is not known. Known are {string.Join(", ", VisionLanguageFamily.All.SelectMany(known => known.ModelTypes))}.");
        return family.Read(configuration, tokenizer, options ?? PreparationOptions.Default);
    }
}

/// <summary>A family of vision-language models: what its configuration files mean for preprocessing, prompt and wiring,
/// and how its tensors are named. The facts of a family stand in its file and nowhere else; run time, conversion and
/// training read them from here. Immutable.</summary>
public abstract class VisionLanguageFamily
{
    private protected VisionLanguageFamily()
    {
    }

    /// <summary>The families that are known; a new one is a file and an entry here.</summary>
    public static IReadOnlyList<VisionLanguageFamily> All { get; } = [new InternVl(), new LlavaOneVision(), new Idefics3(), new Qwen2Vl(), new Qwen3Vl(), new Qwen35(), new Gemma3(), new Mistral3(), new Nano()];

    /// <summary>The family's name on the command line, in errors and in manifests, such as <c>internvl</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The values of <c>model_type</c> in config.json, or of <c>model.type</c> in genai_config.json, that name it.</summary>
    public abstract IReadOnlyList<string> ModelTypes { get; }

    /// <summary>What a stored name begins with, and what stands there in transformers 5; the first that fits counts.</summary>
    private protected virtual IReadOnlyList<TensorSpelling> Spellings => [];

    /// <summary>The family of a <c>model_type</c>; null: none is known.</summary>
    public static VisionLanguageFamily? Find(string? modelType) => All.FirstOrDefault(family => family.ModelTypes.Contains(modelType));

    /// <summary>What a <c>config.json</c> says of the language model.</summary>
    public virtual TextSettings ReadText(JsonValue config) => new(config);

    /// <summary>What a <c>config.json</c> says of the vision tower.</summary>
    public abstract VisionSettings ReadVision(JsonValue config);

    /// <summary>A tensor's name in the spelling of transformers 5, whichever the checkpoint has: the language model
    /// behind <c>model.language_model.</c>, its head <c>lm_head.</c>.</summary>
    public virtual string NameOf(string stored)
    {
        ArgumentNullException.ThrowIfNull(stored);
        foreach (TensorSpelling spelling in Spellings)
        {
            if (spelling.TryApply(stored, out string name))
            {
                return name;
            }
        }

        return stored;
    }

    /// <summary>Reads how the model is fed.</summary>
    /// <exception cref="ModelLoadException">The configuration lacks something or contradicts itself; the message names file and key.</exception>
    internal abstract VisionLanguageProfile Read(ModelConfiguration configuration, TextTokenizer tokenizer, PreparationOptions options);

    /// <summary>What families have in common: an image's features stand for one token, and an answer ends with known ones.</summary>
    /// <param name="token">The text of the token whose embedding is replaced.</param>
    /// <param name="ends">Marks that end a turn, beside the tokens that the configuration names.</param>
    /// <param name="template">The chat template of folders without one; null: there is none.</param>
    /// <param name="marks">What may stand in a rendered conversation for an image, likeliest first; null: the token.</param>
    /// <param name="tokenId">Where the configuration states the token's id; null: in one of two usual properties.</param>
    /// <param name="repeatsBeginning">Whether a prompt begins with the template's own beginning behind the tokenizer's.</param>
    /// <param name="context">The context length of configurations that do not state it; null: they must.</param>
    private protected VisionLanguageProfile Profile(
        ModelConfiguration configuration, TextTokenizer tokenizer, IImagePreparation images, string token, string[] ends, string? template = null, string[]? marks = null,
        JsonValue? tokenId = null, bool repeatsBeginning = false, int? context = null)
    {
        (ConversationTemplate conversation, string mark) = LanguageSettings.Conversation(configuration, tokenizer, marks ?? [token], template, repeatsBeginning);
        return new VisionLanguageProfile
        {
            Family = Name,
            Images = images,
            ImageMark = mark,
            ImageToken = LanguageSettings.ImageToken(tokenId ?? configuration.Config.Any("image_token_id", "image_token_index"), tokenizer, token),
            Conversation = conversation,
            StopTokens = LanguageSettings.StopTokens(configuration, tokenizer, ends),
            ContextLength = LanguageSettings.ContextLength(configuration, context),
        };
    }
}

/// <summary>How a vision-language model is fed.</summary>
internal sealed record VisionLanguageProfile
{
    public required string Family { get; init; }
    public required IImagePreparation Images { get; init; }

    /// <summary>What stands in a rendered conversation where an image belongs, such as <c>&lt;IMG_CONTEXT&gt;</c>; <see cref="ImagePlan.Text"/> replaces it.</summary>
    public required string ImageMark { get; init; }

    /// <summary>The id of the token whose embedding is replaced by an image feature.</summary>
    public required int ImageToken { get; init; }

    /// <summary>Whether text stands around the image's tokens in <see cref="ImagePlan.Text"/> that becomes tokens together with the text beside it.</summary>
    public bool JoinsImageText { get; init; }

    /// <summary>The guard protocol that the model was trained for; null: nothing says so.</summary>
    public string? Protocol { get; init; }

    /// <summary>The ids of the answers yes and no, where the configuration states them.</summary>
    public (int Yes, int No)? YesNo { get; init; }

    public required ConversationTemplate Conversation { get; init; }

    /// <summary>The words that can be put to it; null: any.</summary>
    public Protocols.ClosedVocabulary? Words { get; init; }

    public IPositionScheme Positions { get; init; } = SequentialPositions.FromZero;

    /// <summary>The ids that end an answer; at least one.</summary>
    public required IReadOnlyList<int> StopTokens { get; init; }

    /// <summary>The most tokens that the model was made for, prompt and answer together.</summary>
    public required int ContextLength { get; init; }
}

/// <summary>What a host asks of a family's preprocessing beyond what the model's files say.</summary>
internal sealed record PreparationOptions
{
    /// <summary>As the model's files say.</summary>
    public static PreparationOptions Default { get; } = new();

    /// <summary>The most tiles that an image is cut into, at least 1, an overview of the whole image apart. Each tile
    /// costs its tokens, so fewer tiles are faster and see less. It only ever lowers the model's own number; families
    /// without tiles ignore it.</summary>
    public int? MaximumTiles
    {
        get;
        init => field = value is null or >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A image is cut into at least one tile.");
    }

    /// <summary>The most tokens that an image should take, at least 1, where a family resizes images by their number of
    /// pixels; null: as many as the model's files allow, which may be all of its context. It only ever lowers the
    /// model's own number.</summary>
    public int? MaximumTokens
    {
        get;
        init => field = value is null or >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A image takes at least one token.");
    }
}

/// <summary>Which position each token of a sequence has, for graphs that want to be told. Thread-safe.</summary>
internal interface IPositionScheme
{
    /// <summary>Numbers a token: 1, or 3 for multimodal rotary embeddings (time, row, column).</summary>
    int Rows { get; }

    /// <param name="start">The first token of the run.</param>
    /// <param name="positions">Receives [rows, count] numbers, where count is its length divided by <see cref="Rows"/>.</param>
    void Write(TokenSequence tokens, int start, Span<long> positions);
}

/// <summary>Tokens counted one by one, from 0.</summary>
internal sealed class SequentialPositions : IPositionScheme
{
    public static SequentialPositions FromZero { get; } = new();

    public int Rows => 1;

    public void Write(TokenSequence tokens, int start, Span<long> positions)
    {
        for (int i = 0; i < positions.Length; i++)
        {
            positions[i] = start + i;
        }
    }
}
