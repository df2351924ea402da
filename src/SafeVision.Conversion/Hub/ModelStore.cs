namespace SafeVision.Conversion.Hub;

/// <summary>The models of this user: fetches checkpoints from a hub, converts them, and finds them by name. Thread-safe, and safe
/// among processes that share the folders.</summary>
public sealed class ModelStore
{
    private const string Untested = ".untested"; // no model's name begins with a dot

    private readonly HubOptions _options;

    /// <summary>Opens the store; its folders are made when they are needed.</summary>
    /// <param name="options">Which hub, as whom, and where files are kept.</param>
    /// <exception cref="HubException">A setting can't be meant.</exception>
    public ModelStore(HubOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Validate();
    }

    /// <summary>The models that are here, by name.</summary>
    public IReadOnlyList<StoredModel> List() => !Directory.Exists(_options.Models) ? [] :
    [
        .. Directory.EnumerateDirectories(_options.Models).Order(StringComparer.Ordinal)
            .Select(folder => Find(Path.GetFileName(folder))).OfType<StoredModel>(),
    ];

    /// <summary>Finds a model that was pulled.</summary>
    /// <param name="name">A known guard's name, <c>owner/name</c>, or the name of its folder.</param>
    /// <returns>The model; null where none of that name is here.</returns>
    public StoredModel? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string? folder = HubReference.FolderOf(name) is { } known ? Path.Combine(_options.Models, known) : null;
        return folder is not null && File.Exists(Path.Combine(folder, ModelManifest.FileName)) ? new StoredModel(Path.GetFileName(folder), folder) : null;
    }

    /// <summary>Removes a model.</summary>
    /// <param name="name">As for <see cref="Find"/>.</param>
    /// <param name="withDownload">Whether the checkpoint that it was made from is removed too.</param>
    /// <param name="cancellationToken">Ends the waiting for another process that works on it.</param>
    /// <returns>Whether there was something to remove.</returns>
    /// <exception cref="IOException">It can't be deleted.</exception>
    public async Task<bool> RemoveAsync(string name, bool withDownload = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (HubReference.FolderOf(name) is not { } model)
        {
            return false;
        }

        using IDisposable turn = await HubCache.LockAsync(_options, model, () => { }, cancellationToken).ConfigureAwait(false);
        string repository = Find(name)?.Repository ?? KnownModel.Find(name)?.Repository ?? name.Replace("--", "/", StringComparison.Ordinal);
        string[] folders =
        [
            Path.Combine(_options.Models, model),
            Path.Combine(_options.Models, Untested, model),
            .. withDownload && HubReference.IsRepository(repository) ? [HubCache.FolderOf(_options, repository)] : Array.Empty<string>(),
        ];
        string[] there = [.. folders.Where(Directory.Exists)];
        Array.ForEach(there, folder => Directory.Delete(folder, recursive: true));
        return there.Length > 0;
    }

    /// <summary>Fetches a checkpoint, converts it, and runs the result's self-test. What was fetched stays, so that what was cut
    /// off or cancelled goes on where it ended; where the model is here in the same commit and precision, nothing is
    /// done.</summary>
    /// <param name="name">A known guard's name or <c>owner/name</c>; a revision may follow behind <c>@</c>.</param>
    /// <param name="precision">One of <see cref="ModelConverter.Precisions"/>.</param>
    /// <param name="progress">Told of bytes and stages; null: nobody.</param>
    /// <param name="notes">Told in words what a user may want to know, such as another name or a wait; null: nobody.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="HubException">The checkpoint can't be had.</exception>
    /// <exception cref="CheckpointException">It can't be converted.</exception>
    /// <exception cref="ModelLoadException">What was made does not compute what it should.</exception>
    public async Task<StoredModel> PullAsync(
        string name, string precision = "int8", IProgress<ConversionProgress>? progress = null, Action<string>? notes = null, CancellationToken cancellationToken = default)
    {
        HubReference reference = HubReference.Parse(name);
        if (!ModelConverter.Precisions.Contains(precision))
        {
            throw new HubException(HubFailure.Misuse, $"'{precision}' is no precision; these are: {string.Join(", ", ModelConverter.Precisions)}.");
        }

        if (_options.Offline)
        {
            throw new HubException(HubFailure.Unreachable, $"{reference.Repository}: HF_HUB_OFFLINE is set, so nothing is fetched.");
        }

        using IDisposable turn = await HubCache.LockAsync(
            _options, reference.Name, () => notes?.Invoke($"Another process works on {reference.Name}; waiting for it."), cancellationToken).ConfigureAwait(false);
        using var hub = new HubConnection(_options, notes);
        HubRepository repository = await HubRepository.ReadAsync(hub, reference, cancellationToken).ConfigureAwait(false);
        if (repository.Repository != reference.Repository)
        {
            notes?.Invoke($"{reference.Repository} is called {repository.Repository} today.");
        }

        string source = $"{_options.Endpoint.AbsoluteUri.TrimEnd('/')}/{repository.Repository}/tree/{repository.Commit}";
        if (Find(reference.Name) is { Repository: not null } here && here.Manifest.Source == source && here.Precision == precision)
        {
            return here;
        }

        string checkpoint = await FetchAsync(hub, repository, reference, precision, progress, cancellationToken).ConfigureAwait(false);
        string folder = Path.Combine(_options.Models, Untested, reference.Name), tested = Path.Combine(_options.Models, reference.Name);
        await ModelConverter.ConvertAsync(
            new ConversionOptions
            {
                Source = checkpoint,
                Destination = folder,
                Precision = precision,
                Recipe = new ConversionRecipe
                {
                    Id = reference.Name,
                    Description = reference.Known?.Reads ?? "",
                    License = reference.Known?.License ?? repository.License,
                    Source = source,
                    Protocol = reference.Known?.Protocol,
                },
            },
            progress,
            cancellationToken).ConfigureAwait(false);
        await TestAsync(folder, cancellationToken).ConfigureAwait(false);
        if (Directory.Exists(tested))
        {
            Directory.Delete(tested, recursive: true);
        }

        Directory.Move(folder, tested);
        return Find(reference.Name)!;
    }

    private async Task<string> FetchAsync(
        HubConnection hub, HubRepository repository, HubReference reference, string precision, IProgress<ConversionProgress>? progress, CancellationToken cancellationToken)
    {
        var selection = new CheckpointSelection(repository, _options.MaximumBytes);
        var cache = new HubCache(_options, repository);
        foreach (HubFile file in selection.Companions.Append(selection.Index).OfType<HubFile>())
        {
            await cache.GetAsync(hub, file, _ => { }, cancellationToken).ConfigureAwait(false);
        }

        if (selection.Index is { } index)
        {
            selection.ReadIndex(Path.Combine(cache.Snapshot, index.Name));
        }

        // Before gigabytes come over the line: can they be converted, and is there room for them?
        ModelFamilies.Find(cache.Snapshot, null);
        long weights = selection.Weights.Sum(file => file.Size), missing = cache.Missing(selection.Weights);
        Require(_options.Downloads, missing, "to fetch");
        Require(_options.Folder, (long)(weights * WrittenShare(precision)) + missing, "to fetch and convert");
        long before = 0;
        foreach (HubFile file in selection.Weights)
        {
            await cache.GetAsync(hub, file, done => progress?.Report(new ConversionProgress(ConversionStage.Downloading, before + done, weights)), cancellationToken).ConfigureAwait(false);
            before += file.Size;
        }

        cache.Note(reference.Revision);
        return cache.Snapshot;

        void Require(string folder, long bytes, string purpose)
        {
            if (_options.FreeSpace(Directory.CreateDirectory(folder).FullName) is { } free && free < bytes)
            {
                throw new HubException(HubFailure.TooLarge, FormattableString.Invariant($"{repository.Repository}: {bytes / 1e9:0.0} GB are needed in {folder} {purpose} it, and {free / 1e9:0.0} GB are free. HF_HOME names another folder."));
            }
        }
    }

    /// <summary>How large what is written is beside a checkpoint of 16 bits a weight, with room for what is left exact.</summary>
    private static double WrittenShare(string precision) =>
        precision.StartsWith("int4", StringComparison.Ordinal) ? 0.5 : precision switch { "int8" => 0.75, "float16" => 1, _ => 2 };

    private static async Task TestAsync(string folder, CancellationToken cancellationToken)
    {
        ModelPackage package = ModelPackage.Open(folder);
        var execution = new ExecutionOptions { Providers = [ExecutionProvider.Cpu] };
        ModelSelfTest test = package.Manifest.Kind == "visionLanguage"
            ? await VisionLanguageSelfTest.RunAsync(package, execution, cancellationToken).ConfigureAwait(false)
            : await ModelSelfTest.RunAsync(package, execution, cancellationToken).ConfigureAwait(false);
        if (!test.IsSound)
        {
            Directory.Delete(folder, recursive: true);
            throw new ModelLoadException(FormattableString.Invariant($"{folder}: the converted model does not compute what it should (off by {test.LargestDifference:0.0e+0}); it was removed. Try another precision."));
        }
    }
}

/// <summary>A model that was pulled.</summary>
public sealed class StoredModel
{
    private readonly Lazy<ModelManifest> _manifest;

    internal StoredModel(string name, string folder) => (Name, Folder, _manifest) = (name, folder, new(() => ModelPackage.Open(folder).Manifest));

    /// <summary>What it is called.</summary>
    public string Name { get; }

    /// <summary>Where it is.</summary>
    public string Folder { get; }

    /// <summary>What it is, and what it was made from.</summary>
    /// <exception cref="ModelLoadException">The manifest is damaged.</exception>
    public ModelManifest Manifest => _manifest.Value;

    /// <summary>How its weights are written.</summary>
    public string Precision => Manifest.Converted?.Options.GetValueOrDefault("precision") ?? "float32";

    /// <summary>The repository that its source names; null where it names none, or is damaged.</summary>
    internal string? Repository
    {
        get
        {
            try
            {
                return Manifest.Source.Split('/') is [.., var owner, var name, "tree", _] ? $"{owner}/{name}" : null;
            }
            catch (ModelLoadException)
            {
                return null;
            }
        }
    }
}
