namespace SafeVision.Training.Adapters;

/// <summary>What a new adapter is made of.</summary>
public sealed class LowRankOptions
{
    /// <summary>The pattern that fits the language model's linear layers and not those of the vision tower, which share their names.</summary>
    public const string LanguageModel = @".*language_model\.layers\.\d+\.(self_attn|mlp)\.(q|k|v|o|gate|up|down)_proj";

    /// <summary>The rank of the products; default 16.</summary>
    public int Rank { get; init; } = 16;

    /// <summary>The products count alpha / rank; default 32.</summary>
    public double Alpha { get; init; } = 32;

    /// <summary>A regular expression that a module's whole name must fit; default <see cref="LanguageModel"/>.</summary>
    public string Modules { get; init; } = LanguageModel;

    /// <summary>Tokens whose rows in the tables are trained whole, such as those of new categories.</summary>
    public IReadOnlyList<int> Tokens { get; init; } = [];

    /// <summary>Where the first matrices start.</summary>
    public long Seed { get; init; } = 1;
}

/// <summary>Low-rank matrices beside frozen weights (Hu et al., arXiv 2106.09685): y = x Wᵀ + scale · (x Aᵀ) Bᵀ, and whole rows of
/// tokens in the tables. Reads and writes the files of the peft library.</summary>
public sealed class LowRankAdapter : IDisposable
{
    private const string WeightsName = "adapter_model.safetensors";
    private const string Prefix = "base_model.model.";
    private const string Down = ".lora_A.weight";
    private const string Up = ".lora_B.weight";
    private const string Rows = ".token_adapter.trainable_tokens_delta";

    private readonly SortedDictionary<string, (Tensor Down, Tensor Up, double Scale)> _products = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, (Tensor Ids, Tensor Rows)> _rows = new(StringComparer.Ordinal);
    private readonly int _rank;
    private readonly double _alpha;

    private LowRankAdapter(int rank, double alpha) => (_rank, _alpha) = (rank, alpha);

    /// <summary>The trained tensors, by their names in the file less its prefix.</summary>
    public IReadOnlyDictionary<string, Tensor> Trained
    {
        get
        {
            var trained = new SortedDictionary<string, Tensor>(StringComparer.Ordinal);
            foreach ((string module, (Tensor down, Tensor up, _)) in _products)
            {
                (trained[module + Down], trained[module + Up]) = (down, up);
            }

            foreach ((string module, (_, Tensor rows)) in _rows)
            {
                trained[module + Rows] = rows;
            }

            return trained;
        }
    }

    /// <summary>An adapter that changes nothing yet: A is random, B is zero (the library's own start).</summary>
    /// <exception cref="ArgumentException">No module fits the pattern.</exception>
    public static LowRankAdapter Start(NetworkWeights weights, LowRankOptions options)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Rank);
        var adapter = new LowRankAdapter(options.Rank, options.Alpha);
        var pattern = new Regex($"^(?:{options.Modules})$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        using Generator generator = new((ulong)options.Seed);
        foreach (string name in weights.Names.Where(name => name.EndsWith(".weight", StringComparison.Ordinal) && pattern.IsMatch(name[..^".weight".Length])))
        {
            Tensor matrix = weights[name];
            if (matrix.dim() != 2)
            {
                continue;
            }

            double bound = 1 / Math.Sqrt(matrix.shape[1]); // Kaiming's uniform start with a = √5
            Tensor down = rand(options.Rank, matrix.shape[1], generator: generator).Times(2).Plus(-1).Times(bound).to(matrix.device);
            adapter.AddProduct(name[..^".weight".Length], down, zeros(matrix.shape[0], options.Rank, device: matrix.device), options.Alpha / options.Rank);
        }

        if (adapter._products.Count == 0)
        {
            throw new ArgumentException($"No module of the network fits '{options.Modules}'.", nameof(options));
        }

        if (options.Tokens.Count > 0)
        {
            foreach (string table in weights.Names.Where(NetworkWeights.IsTable))
            {
                adapter.AddRows(table[..^".weight".Length], options.Tokens, weights[table].index_select(0, tensor(options.Tokens.Select(id => (long)id).ToArray(), device: weights.Device)).clone());
            }
        }

        return adapter;
    }

    /// <summary>Reads <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</summary>
    /// <exception cref="CheckpointException">A file is missing, or holds another kind of adapter.</exception>
    public static LowRankAdapter Load(string folder)
    {
        LoraSettings settings = LoraSettings.Read(Path.Combine(folder, LoraSettings.FileName));
        using CheckpointTensors file = CheckpointTensors.OpenFile(Path.Combine(folder, WeightsName));
        var adapter = new LowRankAdapter(settings.Rank, settings.Alpha);
        foreach (string stored in file.Names)
        {
            string name = stored.StartsWith(Prefix, StringComparison.Ordinal) ? stored[Prefix.Length..] : throw new CheckpointException($"{file.Path}: '{stored}' does not begin with '{Prefix}', as the tensors of a peft adapter do.");
            if (name.EndsWith(Down, StringComparison.Ordinal))
            {
                string module = name[..^Down.Length];
                string pair = Prefix + module + Up;
                if (file.ShapeOf(pair) is not [_, int inner] || file.ShapeOf(stored) is not [int rank, _] || inner != rank)
                {
                    throw new CheckpointException($"{file.Path}: '{stored}' is half of a product; there is no '{pair}' that fits it.");
                }

                adapter.AddProduct(module, file.ToTorch(stored), file.ToTorch(pair), settings.Scale(module, rank));
            }
            else if (name.EndsWith(Rows, StringComparison.Ordinal))
            {
                string module = name[..^Rows.Length];
                IReadOnlyList<int> tokens = settings.Tokens(module) ?? throw new CheckpointException($"{file.Path}: '{stored}' holds rows of tokens, but {LoraSettings.FileName} does not say of which (trainable_token_indices).");
                adapter.AddRows(module, tokens, file.ToTorch(stored));
            }
            else if (!name.EndsWith(Up, StringComparison.Ordinal))
            {
                throw new CheckpointException($"{file.Path}: '{stored}' is of no kind that is known here: lora_A, lora_B and rows of tokens are.");
            }
        }

        return adapter;
    }

    /// <summary>Marks all of its tensors as learning.</summary>
    public IReadOnlyDictionary<string, Tensor> Train()
    {
        IReadOnlyDictionary<string, Tensor> trained = Trained;
        foreach (Tensor tensor in trained.Values)
        {
            tensor.requires_grad = true;
        }

        return trained;
    }

    /// <summary>Writes the two files of a peft adapter.</summary>
    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        var config = new Dictionary<string, object?>
        {
            ["peft_type"] = "LORA",
            ["task_type"] = "CAUSAL_LM",
            ["r"] = _rank,
            ["lora_alpha"] = _alpha,
            ["lora_dropout"] = 0.0,
            ["bias"] = "none",
            ["target_modules"] = _products.Keys,
            ["use_rslora"] = false,
            ["rank_pattern"] = Differing(product => product.Down.shape[0], _rank),
            ["alpha_pattern"] = Differing(product => product.Scale * product.Down.shape[0], _alpha),
            ["trainable_token_indices"] = _rows.Count == 0 ? null : _rows.ToDictionary(entry => entry.Key[(entry.Key.LastIndexOf('.') + 1)..], entry => entry.Value.Ids.cpu().data<long>().ToArray()),
        };
        File.WriteAllBytes(Path.Combine(folder, LoraSettings.FileName), JsonSerializer.SerializeToUtf8Bytes(config));
        SafetensorsWriter.Write(Path.Combine(folder, WeightsName), Trained.ToDictionary(entry => Prefix + entry.Key, entry => entry.Value));
    }

    /// <summary>Adds the products to the weights and puts the rows in their place; the adapter is not needed afterwards.</summary>
    public void MergeInto(NetworkWeights weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        using IDisposable still = no_grad();
        foreach (string name in _products.Keys.Concat(_rows.Keys).Select(module => $"{module}.weight"))
        {
            using DisposeScope scope = NewDisposeScope();
            weights.Add(name, Merged(name, weights[name]).detach());
        }
    }

    /// <summary>What the adapter makes of a tensor, in float32; the tensor itself where that is nothing.</summary>
    internal Tensor Merged(string name, Tensor tensor)
    {
        string module = name.EndsWith(".weight", StringComparison.Ordinal) ? name[..^".weight".Length] : name;
        return _products.TryGetValue(module, out (Tensor Down, Tensor Up, double Scale) product)
            ? tensor.to(ScalarType.Float32).Plus(product.Up.matmul(product.Down).Times(product.Scale))
            : WithRows(tensor, module) ?? tensor;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach ((Tensor down, Tensor up, _) in _products.Values)
        {
            down.Dispose();
            up.Dispose();
        }

        foreach ((Tensor ids, Tensor rows) in _rows.Values)
        {
            ids.Dispose();
            rows.Dispose();
        }
    }

    internal Tensor? Product(Tensor input, string module) => _products.TryGetValue(module, out (Tensor Down, Tensor Up, double Scale) product)
        ? nn.functional.linear(nn.functional.linear(input, product.Down.to(input.dtype)), product.Up.to(input.dtype)).Times(product.Scale)
        : null;

    /// <summary>The table with the rows in place, longer where tokens were added behind its end; null: no rows of this table are trained.</summary>
    internal Tensor? WithRows(Tensor table, string module)
    {
        if (!_rows.TryGetValue(module, out (Tensor Ids, Tensor Rows) own))
        {
            return null;
        }

        long needed = own.Ids.max().ToInt64() + 1;
        Tensor whole = needed > table.shape[0] ? cat([table, zeros(needed - table.shape[0], table.shape[1], dtype: table.dtype, device: table.device)], 0) : table;
        return whole.index_copy(0, own.Ids, own.Rows.to(whole.dtype));
    }

    /// <summary>The modules whose rank or alpha is their own, as the library's patterns name them.</summary>
    private Dictionary<string, double> Differing(Func<(Tensor Down, Tensor Up, double Scale), double> value, double common) =>
        _products.Where(entry => Math.Abs(value(entry.Value) - common) > 1e-9).ToDictionary(entry => entry.Key, entry => value(entry.Value));

    private void AddProduct(string module, Tensor down, Tensor up, double scale) =>
        _products[module] = (down.DetachFromDisposeScope(), up.DetachFromDisposeScope(), scale);

    private void AddRows(string module, IReadOnlyList<int> tokens, Tensor rows) =>
        _rows[module] = (tensor(tokens.Select(id => (long)id).ToArray(), device: rows.device).DetachFromDisposeScope(), rows.DetachFromDisposeScope());
}
