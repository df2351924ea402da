namespace SafeVision.Evaluation.Symbols;

/// <summary>VisionHarm-S: images of harmless, openly licensed symbols that stand for what policies speak of, composed from a seed,
/// with exact ground truth. It tests whether a guardrail follows a policy; it is no evidence about photographs.</summary>
/// <remarks>Immutable and thread-safe: any image can be drawn at any time, by any thread, and is always the same.</remarks>
public sealed class SymbolBenchmark
{
    // Nearly every plan can be drawn at once; one in some dozens hides too much of something, and another is made.
    private const int MostAttempts = 100;

    /// <summary>The policy of its nine built-in categories, unchanged: those of VisionHarm-T.</summary>
    public static SafetyPolicy Nine { get; } = HarmCategory.All.Aggregate(SafetyPolicy.Define("visionharm-t", "1"), (builder, category) => builder.Category(category)).Build();

    /// <summary>The policy of its nine categories that no model was trained for, such as Alcohol, Gambling and Religion.</summary>
    public static SafetyPolicy Novel { get; } = SafetyPolicy.Parse(NovelText, "visionharm-s-novel.yaml");

    /// <summary><see cref="Novel"/> as a file.</summary>
    internal static string NovelText => EmbeddedData.ReadText("policies/visionharm-s-novel.yaml");

    /// <summary>The ids of the categories of both policies, the nine first.</summary>
    internal static IReadOnlyList<string> KnownCategories { get; } = [.. Nine.Categories.Concat(Novel.Categories).Select(category => category.Id)];

    private readonly SymbolBenchmarkOptions _options;
    private readonly List<(SceneComposer Composer, DatasetSplit Split, int First, int Count)> _parts = [];

    private SymbolBenchmark(SymbolBenchmarkOptions options, SymbolCatalogue catalogue)
    {
        _options = options;
        Catalogue = catalogue;
        var categories = new HashSet<string>();
        var sets = new HashSet<string>();
        foreach ((DatasetSplit split, int first, int count) in Parts(options))
        {
            var inventory = new SceneInventory(catalogue, split);
            categories.UnionWith(inventory.Categories);
            sets.UnionWith(inventory.Things.SelectMany(thing => thing.Symbols).Select(symbol => symbol.Icon.Set));
            var focus = new SceneFocus(inventory.Categories, options.SafeShare, options.Seed, split);
            _parts.Add((new SceneComposer(inventory, focus, options.Seed), split, first, count));
        }

        Categories = [.. KnownCategories.Where(categories.Contains)];
        Sets = [.. catalogue.Sets.Append(catalogue.LetterSet).Where(set => sets.Contains(set.Prefix) || set == catalogue.LetterSet).Distinct()];
    }

    /// <summary>How many images there are.</summary>
    public int Count => _options.Count;

    /// <summary>The ids of the categories that every image is annotated for: those that the splits can show.</summary>
    public IReadOnlyList<string> Categories { get; }

    internal SymbolCatalogue Catalogue { get; }

    /// <summary>The icon sets that its images may show something of: those that must be attributed.</summary>
    internal IReadOnlyList<IconSet> Sets { get; }

    /// <summary>Sets a benchmark up; images are drawn when they are asked for.</summary>
    /// <param name="options">Read now; later changes have no effect.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="EvaluationException">The user's icon set cannot be used.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static SymbolBenchmark Create(SymbolBenchmarkOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        SymbolBenchmarkOptions copy = options.Copy();
        return new SymbolBenchmark(copy, SymbolCatalogue.Load(copy.IconSet is { } path ? IconSetReader.ReadFile(path) : null));
    }

    /// <summary>Draws the images in order, one at a time.</summary>
    /// <exception cref="EvaluationException">An icon of the user's set cannot be drawn.</exception>
    public IEnumerable<SymbolImage> Draw()
    {
        using ScenePainter painter = CreatePainter();
        for (int i = 0; i < Count; i++)
        {
            yield return Draw(i, painter);
        }
    }

    /// <summary>Draws and writes everything. The folder appears when it is whole; until then it has the suffix .partial.</summary>
    /// <param name="folder">A folder that does not exist yet, or is empty.</param>
    /// <param name="threads">How many images are drawn at a time; 0: one for each processor. The result is the same.</param>
    /// <param name="progress">Told after every image.</param>
    /// <param name="cancellationToken">Stops the work and removes what was written.</param>
    /// <returns>The content's hash, as dataset.json has it.</returns>
    /// <exception cref="IOException">The folder, or the one with the suffix, holds something else already, or cannot be written.</exception>
    /// <exception cref="EvaluationException">An icon of the user's set cannot be drawn.</exception>
    public Task<string> WriteAsync(string folder, int threads = 0, IProgress<EvaluationProgress>? progress = null, CancellationToken cancellationToken = default) =>
        SymbolDatasetWriter.WriteAsync(this, folder, threads, progress, cancellationToken);

    /// <summary>What <see cref="Draw(int, ScenePainter)"/> draws with; each for one thread at a time.</summary>
    internal ScenePainter CreatePainter() => new(_options.ImageSize, Catalogue.Letters);

    internal SymbolImage Draw(int index, ScenePainter painter)
    {
        (SceneComposer composer, DatasetSplit split, int first, _) = _parts.Last(part => part.First <= index);
        for (int attempt = 0; attempt < MostAttempts; attempt++)
        {
            ScenePlan plan = composer.Compose(index - first, attempt);
            if (painter.Paint(plan) is { } boxes)
            {
                return new SymbolImage(Describe(plan, boxes, index, split), painter.Encode());
            }
        }

        throw new EvaluationException($"Image {index} could not be composed so that all of it can be seen; the symbols of the icon set leave too little of each other visible.");
    }

    /// <summary>What dataset.json says.</summary>
    internal SymbolDatasetHeader Describe(string contentHash, IReadOnlyDictionary<string, int> counts) => new()
    {
        Name = "VisionHarm-S",
        Version = SymbolDatasetWriter.Version,
        Notice = "A test of policy following on symbols, not evidence about photographs.",
        Categories = Categories,
        Seed = _options.Seed,
        Split = _parts.Count > 1 ? "all" : _parts[0].Split.ToString().ToLowerInvariant(),
        Count = Count,
        ImageSize = _options.ImageSize,
        SafeShare = _options.SafeShare,
        ContentHash = contentHash,
        Counts = Categories.Append("SAFE").ToDictionary(category => category, category => counts.GetValueOrDefault(category)),
        Sets = [.. Sets.Select(SymbolAttribution.Describe)],
    };

    private static EvaluationSample Describe(ScenePlan plan, IReadOnlyList<ImageBox> boxes, int index, DatasetSplit split)
    {
        string id = FormattableString.Invariant($"{split.ToString().ToLowerInvariant()}-{index:000000}");
        var categories = plan.Placements.SelectMany(placement => placement.Categories).ToHashSet();
        return new EvaluationSample
        {
            Id = id,
            Image = $"images/{id}.png",
            Labels = [.. KnownCategories.Where(categories.Contains)],
            Objects = [.. plan.Placements.Select((placement, i) => new SampleObject(placement.Thing.Name, boxes[i], placement.Categories))],
            Reasons = KnownCategories.Where(plan.Reasons.ContainsKey).ToDictionary(category => category, category => plan.Reasons[category]),
            Split = split,
            Tags = plan.Tags,
        };
    }

    private static IEnumerable<(DatasetSplit Split, int First, int Count)> Parts(SymbolBenchmarkOptions options)
    {
        if (options.IconSet is not null || options.Split != DatasetSplit.None)
        {
            return [(options.IconSet is null ? options.Split : DatasetSplit.Test, 0, options.Count)];
        }

        int train = options.Count / 2;
        int validation = options.Count / 5;
        return [(DatasetSplit.Train, 0, train), (DatasetSplit.Validation, train, validation), (DatasetSplit.Test, train + validation, options.Count - train - validation)];
    }
}

/// <summary>What VisionHarm-S is to be built of.</summary>
public sealed class SymbolBenchmarkOptions
{
    /// <summary>How many images, 1 to 1,000,000. Default: 1,000.</summary>
    public int Count { get; set; } = 1_000;

    /// <summary>Whatever else is equal, the same seed gives the same images, byte for byte. Default: 1.</summary>
    public long Seed { get; set; } = 1;

    /// <summary>Which split to build: <see cref="DatasetSplit.Train"/>, <see cref="DatasetSplit.Validation"/> or
    /// <see cref="DatasetSplit.Test"/>, or <see cref="DatasetSplit.None"/> for all three in one dataset, with half of the images, a
    /// fifth and the rest. Default: all three.</summary>
    public DatasetSplit Split { get; set; }

    /// <summary>The side of an image in pixels, 128 to 1,024. Default: 320.</summary>
    public int ImageSize { get; set; } = 320;

    /// <summary>The share of images that are made to show nothing forbidden, 0 to 0.95. Default: 0.4.</summary>
    public double SafeShare { get; set; } = 0.4;

    /// <summary>The icons.json of an @iconify-json package to draw from instead of the sets that come with the library, for a test
    /// in another hand, such as openmoji, whose share-alike licence does not allow it to be one of them. All its images are for
    /// testing. Null, the default: none.</summary>
    public string? IconSet { get; set; }

    /// <summary>A copy that is within the ranges.</summary>
    internal SymbolBenchmarkOptions Copy()
    {
        Check(Count is >= 1 and <= 1_000_000, nameof(Count), "1 to 1,000,000", Count);
        Check(ImageSize is >= 128 and <= 1024, nameof(ImageSize), "128 to 1,024", ImageSize);
        Check(SafeShare is >= 0 and <= 0.95, nameof(SafeShare), "0 to 0.95", SafeShare);
        Check(Split is DatasetSplit.None or DatasetSplit.Train or DatasetSplit.Validation or DatasetSplit.Test, nameof(Split), "train, validation, test or all", Split);
        Check(IconSet is null || Split is DatasetSplit.None or DatasetSplit.Test, nameof(Split), "test where an icon set is brought", Split);
        return (SymbolBenchmarkOptions)MemberwiseClone();
    }

    private static void Check(bool isValid, string name, string range, object value)
    {
        if (!isValid)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be {range}, but is {value}.");
        }
    }
}

/// <summary>An image of VisionHarm-S.</summary>
/// <param name="Sample">What is true of it; its image path is the one that it has in a dataset's folder.</param>
/// <param name="Png">The image as a PNG file.</param>
public sealed record SymbolImage(EvaluationSample Sample, ReadOnlyMemory<byte> Png);
