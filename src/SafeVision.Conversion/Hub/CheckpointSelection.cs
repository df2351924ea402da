namespace SafeVision.Conversion.Hub;

/// <summary>Which files of a repository are fetched: configuration, tokenizer, licence, and one set of weights in safetensors. No
/// pickle, no code, no second copy of the weights.</summary>
internal sealed partial class CheckpointSelection
{
    private const long LargestCompanion = 256 << 20;

    private readonly HubRepository _repository;
    private readonly long _most;

    /// <exception cref="HubException">The repository has no weights that can be read, or its files are larger than they may be.</exception>
    public CheckpointSelection(HubRepository repository, long most)
    {
        (_repository, _most) = (repository, most);
        IReadOnlyDictionary<string, HubFile> files = repository.Files;
        Weights = files.TryGetValue(SafetensorsCheckpoint.FileName, out HubFile? whole) ? [whole] : [];
        Index = Weights.Count == 0 ? files.GetValueOrDefault(SafetensorsCheckpoint.IndexName) : null;
        if (Weights.Count == 0 && Index is null)
        {
            throw new HubException(HubFailure.Unsupported, $"{repository.Repository}: {Instead(files.Keys)}");
        }

        Companions = [.. files.Values.Where(file => CompanionFiles.IsCompanion(file.Name)).Order(Comparer<HubFile>.Create((left, right) => string.CompareOrdinal(left.Name, right.Name)))];
        if (Companions.Append(Index).FirstOrDefault(file => file?.Size > LargestCompanion) is { } large)
        {
            throw new HubException(HubFailure.TooLarge, $"{repository.Repository}: {large.Name} has {large.Size} bytes; at most {LargestCompanion} are expected of such a file.");
        }

        Check();
    }

    /// <summary>The small files.</summary>
    public IReadOnlyList<HubFile> Companions { get; }

    /// <summary>The index of the weights' files; null where one file holds them all.</summary>
    public HubFile? Index { get; }

    /// <summary>The files of weights; those of an index are known once it was read.</summary>
    public IReadOnlyList<HubFile> Weights { get; private set; }

    public long Bytes => Companions.Append(Index).Concat(Weights).Sum(file => file?.Size ?? 0);

    /// <summary>A name that every file system takes as it is: nothing hidden, no folder, no device, nothing that could be turned around.</summary>
    public static bool IsPortable(string name) => name.Length <= 128 && Names.IsMatch(name) && !name.EndsWith('.') && !Devices.IsMatch(name);

    /// <summary>Takes the names of the weights' files from the index.</summary>
    /// <exception cref="HubException">It is none, or names a file that is not there.</exception>
    public void ReadIndex(string path)
    {
        string[] names;
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 16 });
            names = [.. document.RootElement.GetProperty("weight_map").EnumerateObject().Select(entry => entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : "").Distinct().Order(StringComparer.Ordinal)];
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new HubException(HubFailure.Unsupported, $"{_repository.Repository}: {SafetensorsCheckpoint.IndexName} is no index of weights. {exception.Message}", exception);
        }

        Weights =
        [
            .. names.Select(name => name.EndsWith(".safetensors", StringComparison.Ordinal) && _repository.Files.TryGetValue(name, out HubFile? file)
                ? file : throw new HubException(HubFailure.Unsupported, $"{_repository.Repository}: {SafetensorsCheckpoint.IndexName} names a file of weights that is not in the repository.")),
        ];
        Check();
    }

    private void Check()
    {
        if (Bytes > _most)
        {
            throw new HubException(HubFailure.TooLarge, FormattableString.Invariant($"{_repository.Repository}: its files have {Bytes / 1e9:0.0} GB; at most {_most / 1e9:0.0} GB are fetched (--max-gb)."));
        }

        if (Companions.Append(Index).OfType<HubFile>().Concat(Weights).GroupBy(file => file.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1) is { } same)
        {
            throw new HubException(HubFailure.BadReply, $"{_repository.Repository}: {string.Join(" and ", same.Select(file => file.Name))} would be one file on some disks.");
        }
    }

    private static string Instead(IEnumerable<string> names)
    {
        string[] all = [.. names.Order(StringComparer.Ordinal)];
        string? Ending(params string[] endings) => Array.Find(all, name => endings.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)));
        return all.Contains("adapter_config.json") ? "it holds a LoRA adapter, not a model. Pull the model that it was trained on; 'safevision convert --lora' merges an adapter into a checkpoint."
            : Ending(".bin", ".pth", ".pt", ".ckpt") is { } pickle ? $"its weights are a pickle ({pickle}), which can run code when it is read, so it is not fetched. Look for a repository with safetensors."
            : Ending(".gguf") is not null ? "it holds GGUF files, which are not read here. Pull the repository that they were made from."
            : $"there is no {SafetensorsCheckpoint.FileName} and no {SafetensorsCheckpoint.IndexName} in it.";
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]*\z")]
    private static partial Regex Names { get; }

    [GeneratedRegex(@"\A(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?\z", RegexOptions.IgnoreCase)]
    private static partial Regex Devices { get; }
}
