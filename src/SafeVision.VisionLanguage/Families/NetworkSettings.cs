namespace SafeVision.VisionLanguage.Families;

/// <summary>What a family's <c>config.json</c> says of its language model. A number is read when it is asked for, so
/// that a folder which only runs need not state what only a conversion asks; what is wrong is an error of the kind that
/// the file's reader throws. Immutable.</summary>
public class TextSettings
{
    private const int LargestSize = 1 << 17;

    private readonly JsonValue _whole;

    /// <summary>Reads the part of a whole <c>config.json</c>, or of a language model that is alone.</summary>
    public TextSettings(JsonValue config) => (_whole, Config) = (config, PartOf(config));

    /// <summary>The part of the file that is about the language model: <c>text_config</c>, <c>llm_config</c>, or all of it.</summary>
    public JsonValue Config { get; }

    /// <summary>The kind of language model, such as <c>qwen3</c>.</summary>
    public string Type => Config["model_type"].RequiredText();

    /// <summary>Layers, 1 to 512.</summary>
    public int Layers => Config["num_hidden_layers"].Integer(1, 512);

    /// <summary>The size of a token's vector.</summary>
    public virtual int Width => Config["hidden_size"].Integer(1, LargestSize);

    /// <summary>The size between the projections of a feed-forward part.</summary>
    public virtual int Intermediate => Config["intermediate_size"].Integer(1, LargestSize * 8);

    /// <summary>Heads of the queries.</summary>
    public virtual int Heads => Config["num_attention_heads"].Integer(1, 1024);

    /// <summary>Heads of the keys and values, each shared by as many of the queries.</summary>
    public int KeyValueHeads => Config["num_key_value_heads"] is var setting && setting.Integer(1, 1024, DefaultKeyValueHeads) is var count && Heads % count == 0
        ? count
        : throw setting.Wrong($"a divisor of the {Heads} heads, which share keys and values evenly");

    /// <summary>The size of a head; even, so that it can be rotated.</summary>
    public int HeadSize => Config["head_dim"] is var setting && setting.Integer(2, 1024, DefaultHeadSize) is var size && size % 2 == 0 && size > 0
        ? size
        : throw setting.Wrong($"heads of an even size; {size} numbers can't be rotated");

    /// <summary>Tokens of the vocabulary.</summary>
    public virtual int Vocabulary => Config["vocab_size"].Integer(1, 10_000_000);

    /// <summary>Added to the variance by the norms.</summary>
    public virtual double Epsilon => Config["rms_norm_eps"].Number(1e-6);

    /// <summary>How positions turn queries and keys.</summary>
    public virtual RotaryTable Rotary => RotaryTable.Read(Config, HeadSize);

    /// <summary>How many of a head's angles follow the time, the row and the column of an image's token; null: all follow one position.</summary>
    public virtual IReadOnlyList<int>? RotarySections => null;

    /// <summary>Whether time, row and column take turns among the angles, as far as their numbers go, instead of following each other.</summary>
    public virtual bool InterleavesSections => false;

    /// <summary>The layers in which a memory of fixed size stands for attention; null: all attend.</summary>
    public virtual MemorySettings? Memory => null;

    /// <summary>The angles of layers that see a window; null: those of all others.</summary>
    public virtual RotaryTable? WindowRotary => null;

    /// <summary>How many tokens, itself included, a token sees in layers that see a window; null: there are none.</summary>
    public virtual int? Window => null;

    /// <summary>Which layers see a window, one entry a layer; empty: none.</summary>
    public virtual IReadOnlyList<bool> WindowLayers => [];

    /// <summary>Whether the tokens of an image see each other both ways.</summary>
    public virtual bool SeesWholeImages => false;

    /// <summary>What queries times keys are multiplied by; null: 1 / √<see cref="HeadSize"/>.</summary>
    public virtual double? AttentionScale => null;

    /// <summary>The bound c of scores, c · tanh(score / c); null: none.</summary>
    public virtual double? AttentionCap => null;

    /// <summary>The same of logits.</summary>
    public virtual double? LogitCap => null;

    /// <summary>How much queries grow with the logarithm of their position: by 1 + β · ln(1 + ⌊position / <see cref="QueryGrowthPositions"/>⌋); null: not at all.</summary>
    public virtual double? QueryGrowth => null;

    /// <summary>The positions after which queries begin to grow.</summary>
    public virtual int QueryGrowthPositions => int.MaxValue;

    /// <summary>What a token's embedding is multiplied by; an image's features are not.</summary>
    public virtual float EmbeddingScale => 1;

    /// <summary>The function between the projections of a feed-forward part, by its name in transformers.</summary>
    public virtual string Activation => Config["hidden_act"].Text("silu") is var name && name is "silu" or "swish" ? name : throw Config["hidden_act"].Wrong("silu, the only one that is known here");

    /// <summary>The most positions that the model was made for; null: the file does not say.</summary>
    public int? ContextLength => Config["max_position_embeddings"] is { Exists: true } positions ? positions.Integer(1, 1 << 24) : null;

    /// <summary>Whether the embedding is the head too. Where the language model's part does not say so itself, a head
    /// that is there is meant: published files leave out what is a class's default, and the whole model's default is
    /// another one than its part's.</summary>
    /// <param name="hasHead">Whether the checkpoint has a tensor for the head.</param>
    public virtual bool IsTied(bool hasHead)
    {
        bool? own = Config["tie_word_embeddings"].Boolean();
        return own == true || (!hasHead && (WholeIsTied ?? own ?? true));
    }

    private protected virtual int DefaultKeyValueHeads => Heads;

    private protected virtual int DefaultHeadSize => Width / Heads;

    /// <summary>What the whole model's part says of tied embeddings; null: nothing.</summary>
    private protected bool? WholeIsTied => _whole["tie_word_embeddings"].Boolean();

    /// <summary>Which layers are of a kind, and not <c>full_attention</c>: as <c>layer_types</c> says, else all but every so many-th.</summary>
    /// <param name="kinds">Both kinds, for messages.</param>
    /// <param name="interval">The property that says how many-th.</param>
    private protected bool[] LayersOf(string kind, string kinds, string interval, int otherwise)
    {
        JsonValue types = Config["layer_types"];
        int every = Config[interval].Integer(1, 512, otherwise);
        bool[] layers = types.Exists
            ? [.. types.Items(Layers).Select(type => type.Text() is var name && (name == kind || name == "full_attention")
                ? name == kind
                : throw type.Wrong(kinds))]
            : [.. Enumerable.Range(1, Layers).Select(layer => layer % every != 0)];
        return layers.Length == Layers ? layers : throw types.Wrong($"a kind for each of the {Layers} layers");
    }

    /// <summary>The part of a <c>config.json</c> that is about the language model.</summary>
    internal static JsonValue PartOf(JsonValue config) => config.Any("text_config", "llm_config") is { Exists: true } nested ? nested.Object() : config;
}

/// <summary>Layers in which a memory of fixed size, a gated delta rule, stands for attention.</summary>
/// <param name="Layers">Which layers have one, one entry a layer.</param>
/// <param name="KeyHeads">Heads of queries and of keys.</param>
/// <param name="ValueHeads">Heads of values, a multiple of those: each head of keys serves as many neighbours.</param>
/// <param name="KeySize">The size of a query and of a key.</param>
/// <param name="ValueSize">The size of a value.</param>
/// <param name="Taps">How many tokens the convolution before it sees, itself included.</param>
public sealed record MemorySettings(IReadOnlyList<bool> Layers, int KeyHeads, int ValueHeads, int KeySize, int ValueSize, int Taps);

/// <summary>What a family's <c>config.json</c> says of its vision tower, and of what joins the two; as
/// <see cref="TextSettings"/>, read when it is asked for. What a family does not have is null, false or
/// empty.</summary>
public abstract class VisionSettings
{
    private protected VisionSettings(JsonValue config) => (Whole, Config) = (config, config["vision_config"].Object(mayBeMissing: true));

    /// <summary>The part of the file that is about the tower.</summary>
    public JsonValue Config { get; }

    /// <summary>Layers that the tower has, 1 to 512.</summary>
    public virtual int Layers => Config["num_hidden_layers"].Integer(1, 512, Defaults?.Layers);

    /// <summary>How many of them are computed: up to the one whose tokens become features.</summary>
    public virtual int UsedLayers => Layers;

    /// <summary>The size of a token's vector.</summary>
    public virtual int Width => Config["hidden_size"].Integer(1, 1 << 16, Defaults?.Width);

    /// <summary>The size between the projections of a feed-forward part.</summary>
    public virtual int Intermediate => Config["intermediate_size"].Integer(1, 1 << 18, Defaults?.Intermediate);

    /// <summary>Heads; they divide <see cref="Width"/>.</summary>
    public virtual int Heads => Divisor(Config["num_attention_heads"].Integer(1, 1024, Defaults?.Heads));

    /// <summary>The function between the projections of a feed-forward part, by its name in transformers.</summary>
    public virtual string Activation => Config["hidden_act"].Text(Defaults?.Activation ?? "gelu");

    /// <summary>Added to the variance by the norms.</summary>
    public virtual double Epsilon => Config["layer_norm_eps"].Number(1e-6);

    /// <summary>Whether the norms of the layers take no mean off and add no bias.</summary>
    public virtual bool HasRmsNorm => false;

    /// <summary>Whether queries and keys are normalised, all heads together.</summary>
    public virtual bool HasQueryKeyNorm => false;

    /// <summary>Whether queries, keys and values have biases.</summary>
    public virtual bool HasQueryKeyValueBias => true;

    /// <summary>Whether a norm stands behind the last layer.</summary>
    public virtual bool HasFinalNorm => true;

    /// <summary>Numbers of a pixel.</summary>
    public virtual int Channels => Config["num_channels"].Integer(1, 16, 3);

    /// <summary>Frames that a patch spans; 1 for towers without time.</summary>
    public virtual int Frames => 1;

    /// <summary>A patch's side in pixels.</summary>
    public virtual int PatchSize => Config["patch_size"].Integer(1, 1024, Defaults?.PatchSize);

    /// <summary>The side in pixels of what the tower takes; null: images of any size.</summary>
    public virtual int? ImageSize => null;

    /// <summary>Patches along a side of the square that becomes one token.</summary>
    public virtual int Merge => 1;

    /// <summary>Whether those squares follow each other column by column.</summary>
    public virtual bool IsMergeTransposed => false;

    /// <summary>Patches along a side of the windows that some layers see; null: all see everything.</summary>
    public virtual int? Window => null;

    /// <summary>The layers that see everything, where others see windows.</summary>
    public virtual IReadOnlyList<int> WholeLayers => [];

    /// <summary>The layers whose tokens become features too, for the first, the second, … layer of the language model.</summary>
    public virtual IReadOnlyList<int> DeepStackLayers => [];

    /// <summary>Places along a side of a learned table that is stretched over an image's patches; null: none.</summary>
    public virtual int? PositionsAlongSide => null;

    /// <summary>The base of the frequencies of rotary places; null: places are not rotary.</summary>
    public virtual double? RotaryBase => null;

    /// <summary>Whether the projections from the tower to the language model have biases.</summary>
    public virtual bool HasProjectorBias => true;

    /// <summary>The size of the features; null: the file does not say.</summary>
    public virtual int? OutputWidth => null;

    private protected JsonValue Whole { get; }

    /// <summary>What the family's class in transformers has where the file says nothing; null: the file must say it.</summary>
    private protected virtual TowerDefaults? Defaults => null;

    private protected int Divisor(int heads) => Width % heads == 0 ? heads : throw Config.Invalid($"vectors of {Width} numbers can't be shared among {heads} heads");

    /// <summary>A size that is one number, or a list of height and width that are the same.</summary>
    private protected static int Side(JsonValue value, int? otherwise = null) =>
        !value.IsArray ? value.Integer(1, 4096, otherwise)
        : value.Integers(1, 4096) is [int height, int width] && height == width ? height
        : throw value.Wrong("one whole number from 1 to 4096, or twice the same");

    /// <summary>A list of different layers, counted from 0.</summary>
    private protected int[] LayerList(string name, int[] otherwise, int count)
    {
        int[] layers = Config[name] is { Exists: true } list ? list.Integers(0, int.MaxValue) : otherwise;
        return layers.All(layer => layer < count) && layers.Distinct().Count() == layers.Length
            ? layers
            : throw Config[name].Wrong($"different layers, counted from 0{(count < int.MaxValue ? $", of {count}" : "")}");
    }

    /// <summary>Fails where the file asks for something that is not known.</summary>
    private protected void Require(string property, string known)
    {
        if (Whole[property].Text(known) != known)
        {
            throw Whole[property].Wrong($"\"{known}\", the only one that is known here");
        }
    }
}

/// <summary>The sizes of a class of towers.</summary>
internal sealed record TowerDefaults(int Layers, int Width, int Intermediate, int Heads, int PatchSize, string Activation);

/// <summary>How a family's checkpoints name a tensor, and how it is called here: as transformers 5 names it, the
/// language model behind <c>model.language_model.</c>, its head <c>lm_head</c>.</summary>
/// <param name="Stored">How a stored name begins; one <c>*</c> stands for a layer's number.</param>
internal readonly record struct TensorSpelling(string Stored, string Name)
{
    /// <summary>The name of a stored tensor, where this spelling is its.</summary>
    public bool TryApply(string stored, out string name)
    {
        name = stored;
        int star = Stored.IndexOf('*', StringComparison.Ordinal);
        if (star < 0)
        {
            return stored.StartsWith(Stored, StringComparison.Ordinal) && (name = Name + stored[Stored.Length..]).Length > 0;
        }

        ReadOnlySpan<char> rest = Stored.AsSpan(star + 1);
        int end = star;
        while (end < stored.Length && char.IsAsciiDigit(stored[end]))
        {
            end++;
        }

        if (end == star || !stored.AsSpan().StartsWith(Stored.AsSpan(0, star)) || !stored.AsSpan(end).StartsWith(rest))
        {
            return false;
        }

        name = string.Concat(Name.Replace("*", stored[star..end], StringComparison.Ordinal), stored.AsSpan(end + rest.Length));
        return true;
    }
}
