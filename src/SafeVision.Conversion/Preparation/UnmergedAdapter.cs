namespace SafeVision.Conversion.Preparation;

/// <summary>A LoRA adapter that was saved inside the checkpoint that it was trained on, peft's wrappers still around the layers:
/// <c>base_model.model.NAME.base_layer.weight</c> beside <c>NAME.lora_A.default.weight</c> and <c>lora_B</c>. Its products are
/// merged, and the tensors get the names that they had before.</summary>
internal sealed class UnmergedAdapter
{
    private const string Wrapper = "base_model.model.";
    private const string Base = ".base_layer.";
    private const string Original = ".original_module.";
    private const string Saved = ".modules_to_save.";
    private const string Down = ".lora_A.";
    private const string Up = ".lora_B.";

    // InternVL's trainer wraps with lora_alpha = 2 · r (github.com/OpenGVLab/InternVL, modeling_internvl_chat.py) and keeps r in the configuration.
    private const float InternVLScale = 2;

    private readonly SafetensorsCheckpoint _checkpoint;
    private readonly JsonValue _config;
    private readonly LoraSettings? _settings;
    private readonly HashSet<string> _adapters = new(StringComparer.Ordinal);

    private UnmergedAdapter(SafetensorsCheckpoint checkpoint, JsonValue config)
    {
        (_checkpoint, _config) = (checkpoint, config);
        string settings = Path.Combine(checkpoint.Folder, LoraAdapter.ConfigName);
        if (File.Exists(settings))
        {
            _settings = LoraSettings.Read(settings);
            checkpoint.Paths.Add(settings);
        }
    }

    /// <summary>Merges the adapter, where the checkpoint holds one.</summary>
    /// <param name="checkpoint">Its tensors are replaced by the merged ones.</param>
    /// <param name="config">Its <c>config.json</c>.</param>
    /// <exception cref="CheckpointException">It holds one that can't be merged; the message names it and says what to do.</exception>
    public static void Merge(SafetensorsCheckpoint checkpoint, JsonValue config)
    {
        if (checkpoint.Tensors.Keys.Any(name => name.Contains(Base, StringComparison.Ordinal) || name.Contains(".lora_", StringComparison.Ordinal) || name.Contains(Wrapper, StringComparison.Ordinal)))
        {
            new UnmergedAdapter(checkpoint, config).Merge();
        }
    }

    private void Merge()
    {
        StoredTensor[] tensors = [.. _checkpoint.Tensors.Values];
        var merged = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach (StoredTensor tensor in tensors.Where(tensor => !tensor.Name.Contains(".lora_", StringComparison.Ordinal) && !tensor.Name.Contains(Original, StringComparison.Ordinal)))
        {
            string name = PlainName(tensor.Name);
            if (!merged.TryAdd(name, tensor.Rename(name)))
            {
                throw Wrong(tensor.Name, $"and another tensor are both '{name}' without the adapter's wrappers");
            }
        }

        foreach (StoredTensor tensor in tensors.Where(tensor => tensor.Name.Contains(".lora_", StringComparison.Ordinal)))
        {
            if (tensor.Name.Contains(Down, StringComparison.Ordinal))
            {
                Multiply(tensor, merged);
            }
            else if (!tensor.Name.Contains(Up, StringComparison.Ordinal))
            {
                throw Wrong(tensor.Name, "belongs to an adapter that is more than products (DoRA, or an adapted embedding)");
            }
            else if (!_checkpoint.Tensors.ContainsKey(tensor.Name.Replace(Up, Down, StringComparison.Ordinal)))
            {
                throw Wrong(tensor.Name, "is half of a product; its lora_A is missing");
            }
        }

        _checkpoint.ReplaceAll(merged.Values);
    }

    private void Multiply(StoredTensor down, Dictionary<string, StoredTensor> merged)
    {
        int mark = down.Name.IndexOf(Down, StringComparison.Ordinal);
        string module = PlainName(down.Name[..mark]), target = $"{module}.weight", rest = down.Name[(mark + Down.Length)..];
        if (_adapters.Add(rest) && _adapters.Count > 1)
        {
            throw Wrong(down.Name, "is of a second adapter; only one can be merged");
        }

        StoredTensor up = _checkpoint.Tensors.GetValueOrDefault(down.Name.Replace(Down, Up, StringComparison.Ordinal)) ?? throw Wrong(down.Name, "is half of a product; its lora_B is missing");
        StoredTensor weight = merged.GetValueOrDefault(target) ?? throw Wrong(down.Name, $"changes '{target}', which is not in the checkpoint");
        merged[target] = LoraAdapter.Multiply(weight, down, up, rank => Scale(down.Name, module, rank), problem => Wrong(down.Name, problem));
    }

    private float Scale(string tensor, string module, int rank)
    {
        if (_settings is not null)
        {
            return _settings.Scale(module, rank);
        }

        string property = module.StartsWith("vision_model.", StringComparison.Ordinal) ? "use_backbone_lora" : "use_llm_lora";
        int known = _config[property].Integer(0, int.MaxValue, 0);
        return known == 0 ? throw Wrong(tensor, $"is of an adapter whose strength is not known: there is no {LoraAdapter.ConfigName}, and config.json has no '{property}'")
            : known == rank ? InternVLScale
            : throw Wrong(tensor, $"is of rank {rank}, but '{property}' says {known}");
    }

    /// <summary>A tensor's name before peft wrapped the model.</summary>
    private static string PlainName(string name)
    {
        string plain = name.Replace(Base, ".", StringComparison.Ordinal);
        if (plain.IndexOf(Saved, StringComparison.Ordinal) is >= 0 and int saved)
        {
            int end = plain.IndexOf('.', saved + Saved.Length);
            plain = end < 0 ? plain : plain[..saved] + plain[end..];
        }

        int wrapper = plain.IndexOf(Wrapper, StringComparison.Ordinal);
        return wrapper == 0 || (wrapper > 0 && plain[wrapper - 1] == '.') ? plain.Remove(wrapper, Wrapper.Length) : plain;
    }

    private CheckpointException Wrong(string tensor, string problem) => new(
        $"{_checkpoint.Folder}: holds a LoRA adapter that was not merged, and it can't be merged here: tensor '{tensor}' {problem}. Merge it with the library that trained it (merge_and_unload), save the model, and convert that.");
}
