namespace SafeVision.Training.Networks;

/// <summary>Where the rows of a token that is added to a vocabulary start.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Words">The ids of the tokens that its plain name is made of.</param>
public sealed record TokenStart(int Id, IReadOnlyList<int> Words);

/// <summary>The named float32 tensors that a network computes with. Names are those of transformers 5
/// (<c>model.language_model…</c>), whichever spelling the checkpoint uses; <see cref="Save"/> writes the checkpoint's own spelling
/// again.</summary>
public sealed class NetworkWeights : IDisposable
{
    private const string FileName = "model.safetensors";

    private readonly SortedDictionary<string, Tensor> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _stored = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string[]> _packed = new(StringComparer.Ordinal);
    private PackedTensors _packing = new(1, 1);

    /// <summary>The names, sorted.</summary>
    public IReadOnlyCollection<string> Names => _tensors.Keys;

    /// <summary>Low-rank matrices and rows of tokens that are added to the tensors; null: none.</summary>
    public LowRankAdapter? Adapter { get; set; }

    /// <summary>What products of matrices are computed in: float32 (the default), or bfloat16, with sums, norms and losses in float32.</summary>
    public ScalarType Products { get; set; } = ScalarType.Float32;

    /// <summary>Where the tensors are.</summary>
    public Device Device => _tensors.Values.FirstOrDefault()?.device ?? CPU;

    /// <summary>Whether something before the projector learns.</summary>
    internal bool LearnsVision => _tensors.Any(entry => entry.Value.requires_grad && IsVision(entry.Key)) || Adapter?.Trained.Keys.Any(IsVision) == true;

    /// <summary>How many numbers all tensors have.</summary>
    public long Size => _tensors.Values.Sum(tensor => tensor.numel());

    /// <summary>The tensor of a name.</summary>
    /// <exception cref="CheckpointException">There is none.</exception>
    public Tensor this[string name] => Find(name) ?? throw new CheckpointException($"The checkpoint has no tensor '{name}', which its architecture needs.");

    /// <summary>Reads a folder's safetensors, widened to float32.</summary>
    /// <param name="family">Whose spellings it may have; null: it is a language model alone, and keeps its names.</param>
    /// <param name="keyValueHeads">Heads of the keys, where a checkpoint keeps queries, keys and values in one matrix.</param>
    /// <param name="queriesPerKey">Heads of the queries for each of them.</param>
    /// <param name="shrinks">Whether matrices that nothing will train are bfloat16, so that the whole is never there in float32.</param>
    /// <exception cref="CheckpointException">There is no sound checkpoint.</exception>
    internal static NetworkWeights Load(string folder, VisionLanguageFamily? family = null, int keyValueHeads = 1, int queriesPerKey = 1, bool shrinks = false)
    {
        using CheckpointTensors checkpoint = CheckpointTensors.Open(folder);
        var weights = new NetworkWeights { _packing = new PackedTensors(keyValueHeads, queriesPerKey) };
        foreach (string stored in checkpoint.Names)
        {
            string[] names = PackedTensors.NamesOf(family?.NameOf(stored) ?? stored);
            if (names is [var name])
            {
                weights.Add(name, Shrunk(name, checkpoint.ToTorch(stored)), stored);
                continue;
            }

            using Tensor packed = checkpoint.ToTorch(stored);
            foreach ((string part, Tensor own) in names.Zip(weights._packing.Unpack(names[0], packed)))
            {
                weights.Add(part, Shrunk(part, own), part);
            }

            weights._packed[stored] = names;
        }

        return weights;

        Tensor Shrunk(string name, Tensor whole)
        {
            if (!shrinks || whole.dim() != 2 || IsTable(name))
            {
                return whole;
            }

            using Tensor read = whole;
            return whole.to(ScalarType.BFloat16);
        }
    }

    /// <summary>Moves all tensors to a device; before an optimiser or an adapter is made of them.</summary>
    public void MoveTo(Device device)
    {
        foreach (string name in _tensors.Keys.ToArray())
        {
            Add(name, _tensors[name].to(device).alias());
        }
    }

    /// <summary>Keeps the frozen matrices as bfloat16, which halves their memory where products are computed in it.</summary>
    public void ShrinkFrozen()
    {
        foreach (string name in _tensors.Keys.Where(name => !_tensors[name].requires_grad && _tensors[name].dim() == 2).ToArray())
        {
            Add(name, _tensors[name].to(ScalarType.BFloat16));
        }
    }

    /// <summary>The tensor of a name, or null.</summary>
    public Tensor? Find(string name) => _tensors.GetValueOrDefault(name);

    /// <summary>Adds a tensor, or puts it in the place of the one of its name; this object owns it from now on.</summary>
    /// <param name="name">Its name in the spelling of transformers 5.</param>
    /// <param name="tensor">A float32 tensor without history.</param>
    /// <param name="stored">Its name in files; null: as before, or <paramref name="name"/>.</param>
    public void Add(string name, Tensor tensor, string? stored = null)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (_tensors.Remove(name, out Tensor? before))
        {
            before.Dispose();
        }

        _tensors[name] = tensor.DetachFromDisposeScope();
        _stored[name] = stored ?? _stored.GetValueOrDefault(name, name);
    }

    /// <summary>Marks which tensors learn; all others are frozen.</summary>
    /// <returns>Those that learn, by name.</returns>
    public IReadOnlyDictionary<string, Tensor> Train(Func<string, bool> learns)
    {
        ArgumentNullException.ThrowIfNull(learns);
        var trained = new SortedDictionary<string, Tensor>(StringComparer.Ordinal);
        foreach ((string name, Tensor tensor) in _tensors)
        {
            tensor.requires_grad = learns(name);
            if (tensor.requires_grad)
            {
                trained[name] = tensor;
            }
        }

        return trained;
    }

    /// <summary>Gives tokens rows in the tables: the mean of the rows of the words that name them, so that a new category begins
    /// near its meaning. The tables grow where they must.</summary>
    public void AddTokens(IReadOnlyList<TokenStart> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        using IDisposable still = no_grad();
        foreach (string name in _tensors.Keys.Where(IsTable).ToArray())
        {
            Tensor table = _tensors[name];
            long rows = Math.Max(table.shape[0], tokens.Max(token => token.Id) + 1L);
            Tensor grown = cat([table, zeros(rows - table.shape[0], table.shape[1], device: table.device)], 0);
            foreach (TokenStart token in tokens)
            {
                grown[token.Id] = table.index_select(0, tensor(token.Words.Select(id => (long)id).ToArray(), device: table.device)).mean([0L]);
            }

            Add(name, grown);
        }
    }

    /// <summary>Whether a tensor is of the vision tower; the projector behind it is not, which Qwen calls its merger.</summary>
    internal static bool IsVision(string name) =>
        name.Contains("vision_tower", StringComparison.Ordinal) || (name.Contains(".visual.", StringComparison.Ordinal) && !name.Contains(".visual.merger.", StringComparison.Ordinal));

    /// <summary>Whether a tensor has one row for each token.</summary>
    internal static bool IsTable(string name) => name.EndsWith("embed_tokens.weight", StringComparison.Ordinal) || name is "lm_head.weight";

    /// <summary>y = x Wᵀ + b, and what the adapter adds.</summary>
    /// <param name="input">[…, inputs].</param>
    /// <param name="module">The name without <c>.weight</c>.</param>
    /// <returns>[…, outputs].</returns>
    public Tensor Linear(Tensor input, string module)
    {
        input = input.to(Products);
        Tensor output = nn.functional.linear(input, this[$"{module}.weight"].to(Products), Find($"{module}.bias")?.to(Products));
        return Adapter?.Product(input, module) is { } product ? output.Plus(product) : output;
    }

    /// <summary>A gated feed-forward part, <c>down(silu(gate) · up)</c> (Shazeer, arXiv 2002.05202).</summary>
    internal Tensor Gated(Tensor input, string name)
    {
        Tensor gate = nn.functional.silu(Linear(input, $"{name}.gate_proj"));
        return Linear(gate * Linear(input, $"{name}.up_proj"), $"{name}.down_proj");
    }

    /// <summary>A table with one row for each token, with the adapter's rows in place: [vocabulary, width].</summary>
    public Tensor Table(string module) => Adapter?.WithRows(this[$"{module}.weight"], module) ?? this[$"{module}.weight"];

    /// <summary>Writes <c>model.safetensors</c> in float32, in the names of the checkpoint, with what an adapter adds; one tensor at a time, so that it takes no memory of its own.</summary>
    public void Save(string folder)
    {
        using IDisposable still = no_grad();
        HashSet<string> parts = [.. _packed.Values.SelectMany(names => names)];
        Dictionary<string, Func<Tensor>> stored = _tensors.Keys.Where(name => !parts.Contains(name)).ToDictionary(name => _stored[name], name => (Func<Tensor>)(() => Whole(name)));
        foreach ((string name, string[] names) in _packed)
        {
            stored[name] = () => _packing.Pack(names[0], [.. names.Select(Whole)]);
        }

        SafetensorsWriter.Write(Path.Combine(folder, FileName), stored);

        Tensor Whole(string name) => Adapter?.Merged(name, _tensors[name]) ?? _tensors[name];
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (Tensor tensor in _tensors.Values)
        {
            tensor.Dispose();
        }

        _tensors.Clear();
    }
}

/// <summary>Between files and tensors.</summary>
internal static class SafetensorsWriter
{
    private const int Written = 1 << 24; // numbers at once: a span holds less than 2 GiB

    /// <summary>A stored tensor in libtorch's own memory. A managed array, which TorchSharp would use as it is, may begin anywhere, and products of matrices depend on that in their last bits.</summary>
    public static Tensor ToTorch(this CheckpointTensors tensors, string name)
    {
        long[] shape = [.. tensors.ShapeOf(name)!.Select(size => (long)size)];
        if (shape.Aggregate(1L, (product, size) => product * size) > int.MaxValue / sizeof(float))
        {
            using Tensor managed = torch.tensor(tensors.Read(name), shape, dtype: ScalarType.Float32);
            return managed.clone();
        }

        Tensor own = empty(shape, dtype: ScalarType.Float32);
        tensors.Read(name, MemoryMarshal.Cast<byte, float>(own.bytes));
        return own;
    }

    /// <summary>Writes float32 tensors in the order of their names, first to a file beside, so that a stop leaves the old file whole.</summary>
    public static void Write(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        Write(path, tensors.ToDictionary(entry => entry.Key, entry => (Func<Tensor>)(() => entry.Value)), metadata);

    /// <summary>The same of tensors that are made when they are written, and once before for their shapes.</summary>
    public static void Write(string path, IReadOnlyDictionary<string, Func<Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var header = new SortedDictionary<string, object>(StringComparer.Ordinal) { ["__metadata__"] = metadata ?? new Dictionary<string, string> { ["format"] = "pt" } };
        long offset = 0;
        string[] names = [.. tensors.Keys.Order(StringComparer.Ordinal)];
        foreach (string name in names)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor tensor = tensors[name]();
            long bytes = tensor.numel() * sizeof(float);
            header[name] = new Dictionary<string, object> { ["dtype"] = "F32", ["shape"] = tensor.shape, ["data_offsets"] = new[] { offset, offset + bytes } };
            offset += bytes;
        }

        byte[] text = JsonSerializer.SerializeToUtf8Bytes(header);
        int padded = (text.Length + 7) / 8 * 8; // the format wants the data aligned; blanks fill the header
        string temporary = path + ".part";
        using (FileStream file = File.Create(temporary))
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)padded);
            file.Write(length);
            file.Write(text);
            file.Write("        "u8[..(padded - text.Length)]);
            foreach (string name in names)
            {
                using DisposeScope scope = NewDisposeScope();
                Tensor plain = tensors[name]().detach().cpu().to(ScalarType.Float32).contiguous().flatten();
                for (long at = 0; at < plain.numel(); at += Written)
                {
                    file.Write(plain.narrow(0, at, Math.Min(Written, plain.numel() - at)).bytes);
                }
            }

            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
