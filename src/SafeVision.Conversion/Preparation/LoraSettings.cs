namespace SafeVision.Conversion.Preparation;

/// <summary>How strongly an adapter counts, as <c>adapter_config.json</c> of the peft library says (github.com/huggingface/peft,
/// tuners/lora/config.py). What would make the product of its two matrices the wrong thing to add is refused by name.</summary>
public sealed class LoraSettings
{
    /// <summary>The file's name in an adapter's folder.</summary>
    public const string FileName = "adapter_config.json";

    private const int HighestRank = 1 << 14;
    private const int MostTokens = 1 << 16;

    // Each is off or empty in an adapter that is no more than scale · B · A.
    private static readonly string[] s_others =
    [
        "use_dora", "use_qalora", "use_bdlora", "lora_bias", "layer_replication", "alora_invocation_tokens", "arrow_config", "target_parameters",
        "kasa_config", "velora_config", "monteclora_config",
    ];

    // These begin from other base weights than the checkpoint's, and the saved matrices only fit those.
    private static readonly string[] s_knownStarts = ["gaussian", "eva", "orthogonal"];

    private readonly string _where;
    private readonly int _rank;
    private readonly double _alpha;
    private readonly bool _dividesByRoot;
    private readonly ModulePatterns _ranks;
    private readonly ModulePatterns _alphas;
    private readonly Dictionary<string, int[]> _tokens; // by the module's name, or under "" for any

    private LoraSettings(JsonValue config)
    {
        string where = _where = config.File;
        if (config["peft_type"].RequiredText() is not "LORA" and string type)
        {
            throw new CheckpointException($"{where}: the adapter is of the kind '{type}'; only LORA can be merged.");
        }

        foreach (string name in s_others)
        {
            if (!IsOff(config[name]))
            {
                throw new CheckpointException($"{where}: '{name}' is set, and such an adapter can't be merged here. Merge it with the library that trained it, and convert the result.");
            }
        }

        if (config["init_lora_weights"] is { IsText: true } start && !s_knownStarts.Contains(start.Text()))
        {
            throw new CheckpointException($"{where}: init_lora_weights '{start.Text()}' changes the base weights before training, so the adapter does not fit the checkpoint. Merge it with the library that trained it, and convert the result.");
        }

        if (config["bias"].Text("none") is not "none" and string bias)
        {
            throw new CheckpointException($"{where}: bias is '{bias}'; only adapters that leave biases alone, 'none', can be merged.");
        }

        _rank = config["r"].Integer(1, HighestRank);
        _alpha = config["lora_alpha"].Number();
        _dividesByRoot = config["use_rslora"].Boolean(false);
        _ranks = new ModulePatterns(config["rank_pattern"].Object(mayBeMissing: true));
        _alphas = new ModulePatterns(config["alpha_pattern"].Object(mayBeMissing: true));
        _tokens = ReadTokens(config["trainable_token_indices"]);
    }

    /// <summary>The rank of its products, where the configuration names no other for a module.</summary>
    public int Rank => _rank;

    /// <summary>Their alpha, where the configuration names no other for a module.</summary>
    public double Alpha => _alpha;

    /// <summary>Reads an adapter's configuration.</summary>
    /// <exception cref="CheckpointException">The file is missing, is none, or tells of something other than plain LoRA.</exception>
    public static LoraSettings Read(string path) => new(CheckpointFile.ReadObject(path));

    /// <summary>The factor of a module's product: alpha / rank, or alpha / √rank (Kalajdzievski, arXiv 2312.03732).</summary>
    /// <param name="module">The module's name in the model that the adapter was trained on.</param>
    /// <param name="rank">The rank of its matrices.</param>
    /// <exception cref="CheckpointException">The configuration gives the module another rank.</exception>
    public float Scale(string module, int rank)
    {
        double expected = _ranks.Find(module) ?? _rank;
        if (rank != expected)
        {
            throw new CheckpointException($"{_where}: gives '{module}' the rank {expected}, but its matrices have the rank {rank}.");
        }

        double alpha = _alphas.Find(module) ?? _alpha;
        return (float)(alpha / (_dividesByRoot ? Math.Sqrt(rank) : rank));
    }

    /// <summary>The tokens whose rows of a table were trained alone, in the order of the adapter's rows (<c>trainable_token_indices</c>); null: none were.</summary>
    /// <param name="module">The table's name in the model that the adapter was trained on.</param>
    public IReadOnlyList<int>? Tokens(string module) =>
        _tokens.GetValueOrDefault(module[(module.LastIndexOf('.') + 1)..]) ?? _tokens.FirstOrDefault(entry => module.EndsWith($".{entry.Key}", StringComparison.Ordinal)).Value ?? _tokens.GetValueOrDefault("");

    private static Dictionary<string, int[]> ReadTokens(JsonValue given)
    {
        return given.IsArray ? new() { [""] = Ids(given) } : given.Object(mayBeMissing: true).Members().ToDictionary(entry => entry.Name, entry => Ids(entry.Value));

        static int[] Ids(JsonValue list) =>
            list.Integers(0, int.MaxValue, MostTokens) is var ids && ids.Distinct().Count() == ids.Length ? ids : throw list.Wrong($"the ids of at most {MostTokens} tokens, each once");
    }

    private static bool IsOff(JsonValue value) => !value.Exists || value.Json.ValueKind switch
    {
        JsonValueKind.False => true,
        JsonValueKind.Array => value.Json.GetArrayLength() == 0,
        JsonValueKind.Object => value.Json.GetPropertyCount() == 0,
        _ => false,
    };
}

/// <summary>Numbers for some modules, by patterns for the end of their names (peft, utils/other.py, <c>get_pattern_key</c>).</summary>
internal sealed class ModulePatterns
{
    private const int MostPatterns = 4096;
    private const int LongestPattern = 512;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly string _where;
    private readonly List<(Regex Name, double Number)> _patterns = [];

    /// <param name="patterns">From a regular expression to a number; may be missing.</param>
    /// <exception cref="CheckpointException">There are too many, or one is no regular expression or no number.</exception>
    public ModulePatterns(JsonValue patterns)
    {
        string where = _where = patterns.Where;
        if (patterns.Members().Count() > MostPatterns)
        {
            throw new CheckpointException($"{where}: has more than {MostPatterns} patterns.");
        }

        foreach ((string pattern, JsonValue number) in patterns.Members())
        {
            if (pattern.Length is 0 or > LongestPattern)
            {
                throw new CheckpointException($"{where}: a pattern has from 1 to {LongestPattern} characters.");
            }

            try
            {
                _patterns.Add((new Regex($@"\A(.*\.)?({pattern})\z", RegexOptions.CultureInvariant, s_patience), number.Number()));
            }
            catch (ArgumentException exception)
            {
                throw new CheckpointException($"{where}: '{pattern}' is no regular expression. {exception.Message}", exception);
            }
        }
    }

    /// <summary>The number of the first pattern that fits a module; null: none does.</summary>
    /// <exception cref="CheckpointException">A pattern takes too long.</exception>
    public double? Find(string module)
    {
        foreach ((Regex name, double number) in _patterns)
        {
            try
            {
                if (name.IsMatch(module))
                {
                    return number;
                }
            }
            catch (RegexMatchTimeoutException exception)
            {
                throw new CheckpointException($"{_where}: the pattern {name} takes too long to compare; write the modules' names instead.", exception);
            }
        }

        return null;
    }
}
