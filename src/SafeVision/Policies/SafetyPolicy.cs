namespace SafeVision.Policies;

/// <summary>What a host forbids in images: categories with their thresholds, and what happens when something could not be judged.
/// Immutable, compared by value, safe to share between threads.</summary>
/// <remarks>A policy exists only in a valid state. It comes from <see cref="Define"/>, <see cref="FromFile"/>, <see cref="Parse"/>,
/// or from another policy by composition.</remarks>
public sealed record SafetyPolicy
{
    private static readonly Lazy<string> Schema = new(ReadSchema);

    internal SafetyPolicy(string name, string version, Decision onFailure, Decision whenNotAssessed, IEnumerable<SafetyCategory> categories)
    {
        Name = name;
        Version = version;
        OnFailure = onFailure;
        WhenNotAssessed = whenNotAssessed;
        Categories = new ValueList<SafetyCategory>(categories);
        ContentHash = PolicyHash.Compute(this);
    }

    /// <summary>The policy for hosts that give none: <see cref="HarmCategory.Sexual"/> and <see cref="HarmCategory.Weapons_Substance_Abuse"/>, named "starter".</summary>
    public static SafetyPolicy Starter { get; } =
        Define("starter", "1").Category(HarmCategory.Sexual).Category(HarmCategory.Weapons_Substance_Abuse).Build();

    /// <summary>The JSON Schema (2020-12) of a policy file, for completion and checking in editors.</summary>
    public static string JsonSchema => Schema.Value;

    /// <summary>What the policy is called, at most 100 characters.</summary>
    public string Name { get; }

    /// <summary>Which edition of the policy this is, as its author counts, at most 100 characters.</summary>
    public string Version { get; }

    /// <summary>What happens to an image that could not be judged at all: undecodable, an engine that failed, a time-out.</summary>
    public Decision OnFailure { get; }

    /// <summary>What happens when no engine assessed a category that has no rule of its own.</summary>
    public Decision WhenNotAssessed { get; }

    /// <summary>The categories, 1 to 256 with distinct ids, in the order given.</summary>
    public IReadOnlyList<SafetyCategory> Categories { get; }

    /// <summary>SHA-256 in lower-case hexadecimal over every field, the order of categories and phrases included (a model reads
    /// them in order). Policies are equal exactly when their hashes are; formatting and comments of a file do not count.</summary>
    public string ContentHash { get; }

    /// <summary>Starts a policy in code.</summary>
    /// <param name="name">What the policy is called, at most 100 characters.</param>
    /// <param name="version">Which edition it is, at most 100 characters.</param>
    public static SafetyPolicyBuilder Define(string name, string version) => new(name, version);

    /// <summary>Reads a policy file (YAML or JSON in UTF-8, at most 1 MiB).</summary>
    /// <param name="path">The file; errors name it as given here.</param>
    /// <exception cref="PolicyException">The file holds no valid policy, and the errors name line and column; or it is
    /// missing, a folder, a pipe or a device, or may not be read, and the one error has no line.</exception>
    public static SafetyPolicy FromFile(string path) => Parse(PolicyFile.ReadText(path), path);

    /// <summary>Reads a policy from YAML or JSON text.</summary>
    /// <param name="text">The text, at most 1 MiB of UTF-8.</param>
    /// <param name="sourceName">What errors call the text.</param>
    /// <exception cref="PolicyException">The text holds no valid policy; the errors name line and column.</exception>
    public static SafetyPolicy Parse(string text, string sourceName = "policy")
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(sourceName);
        return PolicyFile.Parse(text, sourceName);
    }

    /// <summary>The policy as a YAML file that reads back to an equal policy; a built-in category is written by its id and what differs.</summary>
    public string ToYaml() => PolicyYamlWriter.Write(this);

    /// <summary>Finds a category by its id, ignoring case.</summary>
    public bool TryGetCategory(string id, [NotNullWhen(true)] out SafetyCategory? category)
    {
        category = Categories.FirstOrDefault(candidate => candidate.Id.Equals(id, StringComparison.OrdinalIgnoreCase));
        return category is not null;
    }

    /// <summary>What happens when no engine assessed <paramref name="category"/>: its own rule, else the policy's.</summary>
    public Decision WhenNotAssessedFor(SafetyCategory category)
    {
        ArgumentNullException.ThrowIfNull(category);
        return category.WhenNotAssessed ?? WhenNotAssessed;
    }

    /// <summary>This policy with a category more; one with the same id (ignoring case) is replaced where it stands.</summary>
    /// <exception cref="PolicyException">The category is <see cref="HarmCategory.Safe"/>, or the policy has 256 already.</exception>
    public SafetyPolicy With(SafetyCategory category)
    {
        ArgumentNullException.ThrowIfNull(category);
        return Replace(Name, Version, PolicyComposition.Put(this, [category]));
    }

    /// <summary>This policy without a category.</summary>
    /// <param name="id">The category's id, in any case.</param>
    /// <exception cref="PolicyException">There is no such category (the error names the nearest), or it is the last one.</exception>
    public SafetyPolicy Without(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return Replace(Name, Version, PolicyComposition.Remove(this, id));
    }

    /// <summary>This policy with the categories of another: those with the same id (ignoring case) replace this policy's, the
    /// others follow. <see cref="OnFailure"/> and <see cref="WhenNotAssessed"/> stay this policy's; a category that relied on the
    /// other's <see cref="WhenNotAssessed"/> keeps that rule as its own.</summary>
    /// <param name="other">The policy whose categories win.</param>
    /// <param name="name">The name of the result; null keeps this policy's.</param>
    /// <param name="version">The version of the result; null keeps this policy's.</param>
    /// <exception cref="PolicyException">There would be more than 256 categories, or a name is not valid.</exception>
    public SafetyPolicy Extend(SafetyPolicy other, string? name = null, string? version = null)
    {
        ArgumentNullException.ThrowIfNull(other);
        IEnumerable<SafetyCategory> added = other.WhenNotAssessed == WhenNotAssessed
            ? other.Categories
            : other.Categories.Select(category => category.Customize(own => own.WhenNotAssessed(other.WhenNotAssessedFor(category))));
        return Replace(name ?? Name, version ?? Version, PolicyComposition.Put(this, added));
    }

    /// <summary>Name, version and the start of the content hash: enough to tell two policies apart in a log.</summary>
    public override string ToString() => $"{Name} {Version} (sha256 {ContentHash[..12]})";

    private SafetyPolicy Replace(string name, string version, IReadOnlyList<SafetyCategory> categories)
    {
        PolicyErrors errors = new(Name);
        string? newName = CategoryDraft.Text(new(name, default), "the policy's name", PolicyDraft.LongestName, errors);
        string? newVersion = CategoryDraft.Text(new(version, default), "the policy's version", PolicyDraft.LongestName, errors);
        errors.ThrowIfAny();
        return PolicyDraft.CheckSize(new SafetyPolicy(newName!, newVersion!, OnFailure, WhenNotAssessed, categories), errors, _ => default);
    }

    private static string ReadSchema()
    {
        using Stream stream = typeof(SafetyPolicy).Assembly.GetManifestResourceStream("SafeVision.Policies.policy.schema.json")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}

/// <summary>The category lists of composed policies.</summary>
internal static class PolicyComposition
{
    /// <summary>The policy's categories, with the added ones in place of those with the same id or at the end.</summary>
    public static IReadOnlyList<SafetyCategory> Put(SafetyPolicy policy, IEnumerable<SafetyCategory> added)
    {
        List<SafetyCategory> categories = [.. policy.Categories];
        foreach (SafetyCategory category in added)
        {
            if (category.Id == HarmCategory.Safe.Id)
            {
                throw Error(policy, $"'{category.Id}' means that an image belongs to no category, so it cannot be one");
            }

            int index = categories.FindIndex(present => present.Id.Equals(category.Id, StringComparison.OrdinalIgnoreCase));
            if (index >= 0)
            {
                categories[index] = category;
            }
            else
            {
                categories.Add(category);
            }
        }

        return categories.Count <= PolicyDraft.MostCategories
            ? categories
            : throw Error(policy, $"the policy would have {categories.Count} categories; at most {PolicyDraft.MostCategories} are allowed");
    }

    /// <summary>The policy's categories less one.</summary>
    public static IReadOnlyList<SafetyCategory> Remove(SafetyPolicy policy, string id)
    {
        if (!policy.TryGetCategory(id, out SafetyCategory? category))
        {
            string[] known = [.. policy.Categories.Select(present => present.Id)];
            string hint = NearestWord.Find(id, known) is string near ? $"did you mean '{near}'?" : $"it has {string.Join(", ", known)}";
            throw Error(policy, $"the policy has no category {PolicyText.Quote(id)}; {hint}");
        }

        return policy.Categories.Count > 1
            ? [.. policy.Categories.Where(present => present != category)]
            : throw Error(policy, $"'{category.Id}' is the policy's last category; without one it would allow everything");
    }

    private static PolicyException Error(SafetyPolicy policy, string message) =>
        new([new PolicyError(policy.Name, 0, 0, message)]);
}

/// <summary>The content hash of a policy: SHA-256 over a canonical form in which every text is preceded by its length and every
/// list by its count, so that no two policies share one form.</summary>
/// <remarks>The form, all numbers little-endian: the text "safevision-policy/1"; name; version; onFailure; whenNotAssessed; the
/// categories, each as id, name, protects, includes, excludes, review, block, whenNotAssessed. A text is an int32 count of UTF-8
/// bytes and the bytes; a list an int32 count and its items; a threshold a float64; a decision an int32 (0 block, 1 review, 2
/// allow, -1 none). Where a category states severity levels, there follow the text "severity" and, for each category, low, medium
/// and high as float64, NaN for a level that is not stated.</remarks>
internal static class PolicyHash
{
    public static string Compute(SafetyPolicy policy)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, "safevision-policy/1");
        Add(hash, policy.Name);
        Add(hash, policy.Version);
        Add(hash, (int)policy.OnFailure);
        Add(hash, (int)policy.WhenNotAssessed);
        Add(hash, policy.Categories.Count);
        foreach (SafetyCategory category in policy.Categories)
        {
            Add(hash, category.Id);
            Add(hash, category.Name);
            Add(hash, category.Protects);
            Add(hash, category.Includes);
            Add(hash, category.Excludes);
            Add(hash, category.ReviewAt);
            Add(hash, category.BlockAt);
            Add(hash, category.WhenNotAssessed is Decision decision ? (int)decision : -1);
        }

        if (policy.Categories.Any(category => category.Severity is not null))
        {
            Add(hash, "severity");
            foreach (SeverityLevels? levels in policy.Categories.Select(category => category.Severity))
            {
                Add(hash, levels?.Low ?? double.NaN);
                Add(hash, levels?.Medium ?? double.NaN);
                Add(hash, levels?.High ?? double.NaN);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Add(IncrementalHash hash, IReadOnlyList<string> texts)
    {
        Add(hash, texts.Count);
        foreach (string text in texts)
        {
            Add(hash, text);
        }
    }

    private static void Add(IncrementalHash hash, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Add(hash, bytes.Length);
        hash.AppendData(bytes);
    }

    private static void Add(IncrementalHash hash, int number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        hash.AppendData(bytes);
    }

    private static void Add(IncrementalHash hash, double number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, number);
        hash.AppendData(bytes);
    }
}
