namespace SafeVision.Conversion.Preparation;

/// <summary>A LoRA adapter as the peft library saves it: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>. It is
/// merged into a checkpoint's tensors, whose rows are computed when they are read; no tensor is held whole.</summary>
internal sealed class LoraAdapter : IDisposable
{
    public const string ConfigName = LoraSettings.FileName;
    public const string WeightsName = "adapter_model.safetensors";

    private const string Prefix = "base_model.model.";
    private const string Down = ".lora_A.weight";
    private const string Up = ".lora_B.weight";
    private const string Rows = ".token_adapter.trainable_tokens_delta";

    // Tables with a row for each token; only those may be longer than the checkpoint's.
    private static readonly string[] s_tables = ["embed_tokens.weight", "tok_embeddings.weight", "lm_head.weight", "output.weight"];

    private readonly string _folder;
    private readonly LoraSettings _settings;
    private readonly SafetensorsFile _file;

    private readonly HashSet<string> _replaced = new(StringComparer.Ordinal);

    private SafetensorsCheckpoint? _checkpoint;

    private LoraAdapter(string folder, LoraSettings settings, SafetensorsFile file) => (_folder, _settings, _file) = (folder, settings, file);

    /// <summary>The files' paths.</summary>
    public IReadOnlyList<string> Paths => [Path.Combine(_folder, ConfigName), _file.Path];

    /// <exception cref="CheckpointException">Nothing that can be merged is there.</exception>
    public static LoraAdapter Open(string folder)
    {
        string config = Path.Combine(folder, ConfigName), weights = Path.Combine(folder, WeightsName);
        if (!File.Exists(config))
        {
            throw new CheckpointException($"{folder}: no {ConfigName} is there, so this is no folder of a peft adapter.");
        }

        LoraSettings settings = LoraSettings.Read(config);
        return File.Exists(weights)
            ? new LoraAdapter(folder, settings, SafetensorsFile.Open(weights))
            : throw new CheckpointException($"{folder}: no {WeightsName} is there; a pickle (adapter_model.bin) is not read. Save the adapter with safe_serialization=True.");
    }

    /// <summary>The names of the checkpoint's tensors that were changed.</summary>
    public IReadOnlyList<string> Merged { get; private set; } = [];

    /// <summary>Those of them that were trained themselves, whole or by rows, and not only got a product added.</summary>
    public IReadOnlySet<string> Replaced => _replaced;

    /// <summary>How many rows the vocabulary has with those that were added before training; null: none were.</summary>
    public int? Vocabulary => _checkpoint?.Vocabulary;

    /// <summary>How many rows the checkpoint has, where the adapter has more.</summary>
    public int VocabularyBefore { get; private set; }

    /// <summary>Merges every tensor of the adapter: the products into their weights, and those that were trained whole
    /// (<c>modules_to_save</c>) in the place of the checkpoint's.</summary>
    /// <param name="checkpoint">Its tensors then read from both, so this must live as long.</param>
    /// <exception cref="CheckpointException">A tensor is not known, fits nothing, has another shape, or holds something else than finite numbers.</exception>
    public void MergeInto(SafetensorsCheckpoint checkpoint)
    {
        var targets = new AdaptedTensors(checkpoint);
        var merged = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string name, StoredTensor tensor) in _file.Tensors.OrderBy(tensor => tensor.Key, StringComparer.Ordinal))
        {
            StoredTensor? result = name.StartsWith(Prefix, StringComparison.Ordinal) ? Merge(name[Prefix.Length..], tensor, targets, checkpoint)
                : throw Wrong(name, $"does not begin with '{Prefix}', as those of a peft adapter do");
            if (result is not null && !merged.Add(result.Name))
            {
                throw Wrong(name, $"changes '{result.Name}', which another tensor of the adapter changes already");
            }

            if (result is not null)
            {
                checkpoint.Replace(result);
                _ = result.Update is LowRankUpdate || _replaced.Add(result.Name);
            }
        }

        if (merged.Count == 0)
        {
            throw new CheckpointException($"{_file.Path}: has no tensors.");
        }

        _checkpoint = checkpoint;
        Merged = [.. merged.Order(StringComparer.Ordinal)];
    }

    /// <summary>Fails where the network never asked for a tensor that the adapter changes, for its training would be lost.</summary>
    /// <exception cref="CheckpointException">There is such a tensor.</exception>
    public void RequireUse()
    {
        if (Merged.FirstOrDefault(name => _checkpoint?.IsTaken(name) == false) is { } lost)
        {
            throw new CheckpointException($"{_file.Path}: changes '{lost}', which the network does not use (a head that is tied to the embedding, or a part that is left out).");
        }
    }

    public void Dispose() => _file.Dispose();

    /// <summary>The tensor with the change; null for the second matrix of a product, which goes with the first.</summary>
    private StoredTensor? Merge(string name, StoredTensor tensor, AdaptedTensors targets, SafetensorsCheckpoint checkpoint)
    {
        if (name.EndsWith(Down, StringComparison.Ordinal))
        {
            return Multiply(name[..^Down.Length], tensor, targets);
        }

        if (name.EndsWith(Up, StringComparison.Ordinal))
        {
            string pair = $"{Prefix}{name[..^Up.Length]}{Down}";
            return _file.Tensors.ContainsKey(pair) ? null : throw Wrong(tensor.Name, $"is half of a product; the adapter has no '{pair}'");
        }

        if (name.EndsWith(Rows, StringComparison.Ordinal))
        {
            return ReplaceRows(name[..^Rows.Length], tensor, targets);
        }

        if (name.Contains("token_adapter", StringComparison.Ordinal))
        {
            throw Wrong(tensor.Name, "is a whole table beside rows of it; save the adapter with save_embedding_layers=False");
        }

        if (name.Contains("lora_", StringComparison.Ordinal))
        {
            throw Wrong(tensor.Name, name switch
            {
                _ when name.Contains("lora_magnitude", StringComparison.Ordinal) => "belongs to DoRA, which can't be merged here",
                _ when name.Contains("lora_embedding", StringComparison.Ordinal) => "adapts an embedding table, which can't be merged here; train its rows whole (modules_to_save)",
                _ => "is of no kind that is known: lora_A.weight, lora_B.weight, and whole tensors are",
            });
        }

        StoredTensor target = targets.Find(name, _file.Path);
        if (!tensor.Shape.SequenceEqual(target.Shape))
        {
            Grow(tensor, target, checkpoint);
        }

        RequireFinite(WeightMatrix.From(tensor), problem => Wrong(tensor.Name, problem));
        return tensor.Rename(target.Name);
    }

    /// <summary>Takes a table with rows of tokens that were added before training.</summary>
    private void Grow(StoredTensor tensor, StoredTensor target, SafetensorsCheckpoint checkpoint)
    {
        bool isTable = s_tables.Any(table => target.Name.EndsWith($".{table}", StringComparison.Ordinal) || target.Name == table);
        if (!isTable || tensor.Shape is not [int rows, int columns] || target.Shape is not [int before, int width] || columns != width || rows < before)
        {
            throw Wrong(tensor.Name, $"has the shape [{string.Join(", ", tensor.Shape)}], but '{target.Name}' has [{string.Join(", ", target.Shape)}]");
        }

        if (checkpoint.Vocabulary is { } other && other != rows)
        {
            throw Wrong(tensor.Name, $"has rows for {rows} tokens, but another table of the adapter has {other}");
        }

        (checkpoint.Vocabulary, VocabularyBefore) = (rows, before);
    }

    private StoredTensor ReplaceRows(string module, StoredTensor tensor, AdaptedTensors targets)
    {
        StoredTensor target = targets.Find($"{module}.weight", _file.Path);
        IReadOnlyList<int> tokens = _settings.Tokens(module) ?? throw Wrong(tensor.Name, $"holds rows of tokens, but {ConfigName} does not say of which (trainable_token_indices)");
        if (target.Shape is not [int rows, int columns] || tensor.Shape is not [int count, int width] || width != columns || count != tokens.Count)
        {
            throw Wrong(tensor.Name, $"has the shape [{string.Join(", ", tensor.Shape)}], which are no rows of {tokens.Count} tokens of '{target.Name}' [{string.Join(", ", target.Shape)}]");
        }

        if (tokens.FirstOrDefault(token => token >= rows, -1) is >= 0 and int token)
        {
            throw Wrong(tensor.Name, $"changes the row of token {token}, but '{target.Name}' has {rows} rows; if tokens were added before training, save the adapter with save_embedding_layers=True, modules_to_save naming the tables");
        }

        WeightMatrix matrix = WeightMatrix.From(tensor);
        RequireFinite(matrix, problem => Wrong(tensor.Name, problem));
        return new StoredTensor(target.Name, target.Shape, target.Element, target.Bytes) { Update = new RowReplacement(tokens, matrix, columns) };
    }

    private StoredTensor Multiply(string module, StoredTensor down, AdaptedTensors targets)
    {
        StoredTensor up = _file.Tensors.GetValueOrDefault($"{Prefix}{module}{Up}") ?? throw Wrong(down.Name, $"is half of a product; the adapter has no '{Prefix}{module}{Up}'");
        return Multiply(targets.Find($"{module}.weight", _file.Path), down, up, rank => _settings.Scale(module, rank), problem => Wrong(down.Name, problem));
    }

    /// <summary>A tensor with the product of two matrices added.</summary>
    /// <param name="down"><c>lora_A</c>, [rank, columns].</param>
    /// <param name="up"><c>lora_B</c>, [rows, rank].</param>
    /// <param name="scale">The factor of a product of some rank.</param>
    /// <param name="wrong">Makes an error of what does not fit.</param>
    /// <exception cref="CheckpointException">The shapes do not fit, or a number is not finite.</exception>
    public static StoredTensor Multiply(StoredTensor target, StoredTensor down, StoredTensor up, Func<int, float> scale, Func<string, CheckpointException> wrong)
    {
        // fan_in_fan_out needs no look: peft itself turns it off for linear layers, and all of these are.
        if (down.Shape.Count != 2 || up.Shape.Count != 2 || target.Shape.Count != 2
            || down.Shape[0] != up.Shape[1] || down.Shape[1] != target.Shape[1] || up.Shape[0] != target.Shape[0])
        {
            throw wrong($"and its pair have the shapes [{string.Join(", ", down.Shape)}] and [{string.Join(", ", up.Shape)}], whose product is no change of '{target.Name}' [{string.Join(", ", target.Shape)}]");
        }

        WeightMatrix basis = WeightMatrix.From(down), shares = WeightMatrix.From(up);
        RequireFinite(basis, wrong);
        RequireFinite(shares, wrong);
        return new StoredTensor(target.Name, target.Shape, target.Element, target.Bytes) { Update = new LowRankUpdate(basis, shares, scale(basis.Rows)) };
    }

    private static void RequireFinite(WeightMatrix matrix, Func<string, CheckpointException> wrong)
    {
        float[] row = new float[matrix.Columns];
        for (int i = 0; i < matrix.Rows; i++)
        {
            matrix.ReadRows(i, row);
            if (!TensorPrimitives.IsFiniteAll<float>(row))
            {
                throw wrong($"holds a number that is not finite, in row {i}; training went wrong");
            }
        }
    }

    private CheckpointException Wrong(string tensor, string problem) => new($"{_file.Path}: tensor '{tensor}' {problem}.");
}

/// <summary>Finds the tensors of a checkpoint by the names that an adapter has for them. An adapter names modules as they stood in
/// the model that it was trained on: the whole model or its language model alone, in either of the nestings that transformers has
/// had.</summary>
internal sealed class AdaptedTensors
{
    private readonly SafetensorsCheckpoint _checkpoint;
    private readonly ILookup<string, string> _byBareName;

    public AdaptedTensors(SafetensorsCheckpoint checkpoint)
    {
        _checkpoint = checkpoint;
        _byBareName = checkpoint.Tensors.Keys.ToLookup(BareName, StringComparer.Ordinal);
    }

    /// <exception cref="CheckpointException">There is none, or there are several.</exception>
    public StoredTensor Find(string name, string where)
    {
        if (_checkpoint.Tensors.TryGetValue(name, out StoredTensor? tensor))
        {
            return tensor;
        }

        string[] found = [.. _byBareName[BareName(name)]];
        return found.Length switch
        {
            1 => _checkpoint.Tensors[found[0]],
            0 => throw new CheckpointException($"{where}: changes '{name}', but {_checkpoint.Folder} has no such tensor; the adapter is another model's."),
            _ => throw new CheckpointException($"{where}: changes '{name}', which can be any of {string.Join(", ", found.Order(StringComparer.Ordinal))} in {_checkpoint.Folder}."),
        };
    }

    /// <summary>A name without the wrappers that differ between nestings.</summary>
    private static string BareName(string name) => string.Join('.', name.Split('.').Where(part => part is not ("model" or "language_model" or "text_model")));
}
