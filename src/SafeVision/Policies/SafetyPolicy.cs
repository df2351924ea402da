using System.Diagnostics.CodeAnalysis;
using SafeVision.Files;

namespace SafeVision.Policies;

/// <summary>
/// What a host forbids in images: categories with their thresholds, and what happens when something could not be
/// judged. Immutable, compared by value, safe to share between threads.
/// </summary>
/// <remarks>
/// A policy exists only in a valid state. It comes from <see cref="Define"/>, <see cref="FromFile"/>,
/// <see cref="Parse"/>, or from another policy by composition.
/// </remarks>
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

    /// <summary>
    /// SHA-256 in lower-case hexadecimal over every field, the order of categories and phrases included (a model reads
    /// them in order). Policies are equal exactly when their hashes are; formatting and comments of a file do not count.
    /// </summary>
    public string ContentHash { get; }

    /// <summary>Starts a policy in code.</summary>
    /// <param name="name">What the policy is called, at most 100 characters.</param>
    /// <param name="version">Which edition it is, at most 100 characters.</param>
    public static SafetyPolicyBuilder Define(string name, string version) => new(name, version);

    /// <summary>Reads a policy file (YAML or JSON in UTF-8, at most 1 MiB).</summary>
    /// <param name="path">The file; errors name it as given here.</param>
    /// <exception cref="PolicyException">The file holds no valid policy; the errors name line and column.</exception>
    /// <exception cref="FileRefusedException">There is no such file, it is not a regular file, or it can't be read.</exception>
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

    /// <summary>
    /// This policy with the categories of another: those with the same id (ignoring case) replace this policy's, the
    /// others follow. <see cref="OnFailure"/> and <see cref="WhenNotAssessed"/> stay this policy's; a category that
    /// relied on the other's <see cref="WhenNotAssessed"/> keeps that rule as its own.
    /// </summary>
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
        return new SafetyPolicy(newName!, newVersion!, OnFailure, WhenNotAssessed, categories);
    }

    private static string ReadSchema()
    {
        using Stream stream = typeof(SafetyPolicy).Assembly.GetManifestResourceStream("SafeVision.Policies.policy.schema.json")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
