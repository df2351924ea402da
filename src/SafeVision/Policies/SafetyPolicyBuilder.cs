namespace SafeVision.Policies;

/// <summary>Writes a policy in code. Mistakes are reported together by <see cref="Build"/>. Not thread-safe.</summary>
public sealed class SafetyPolicyBuilder
{
    private readonly PolicyDraft _draft = new();

    internal SafetyPolicyBuilder(string name, string version)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(version);
        _draft.Name = new(name, default);
        _draft.Version = new(version, default);
    }

    /// <summary>Adds a category of one's own; the id of a built-in one starts from its definition.</summary>
    /// <param name="id">The id, unique in the policy ignoring case.</param>
    /// <param name="configure">Says what the category holds.</param>
    public SafetyPolicyBuilder Category(string id, Action<SafetyCategoryBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(id);
        ArgumentNullException.ThrowIfNull(configure);
        CategoryDraft draft = new() { Id = new(id, default) };
        configure(new SafetyCategoryBuilder(draft));
        _draft.Categories.Add(draft);
        return this;
    }

    /// <summary>Adds a built-in category.</summary>
    /// <param name="harm">Which; not <see cref="HarmCategory.Safe"/>.</param>
    /// <param name="configure">Says what differs from its definition; null for nothing.</param>
    public SafetyPolicyBuilder Category(HarmCategory harm, Action<SafetyCategoryBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(harm);
        return Category(harm.Id, configure ?? (_ => { }));
    }

    /// <summary>Adds a category as it is, its thresholds included.</summary>
    public SafetyPolicyBuilder Category(SafetyCategory category)
    {
        ArgumentNullException.ThrowIfNull(category);
        return With(() => _draft.Categories.Add(CategoryDraft.From(category)));
    }

    /// <summary>The review threshold, above 0 and at most 1, of categories that name none. Default: the built-in definition's, else 0.35.</summary>
    public SafetyPolicyBuilder ReviewAt(double score) => With(() => _draft.ReviewAt = new(score, default));

    /// <summary>The block threshold, above 0 and at most 1, of categories that name none. Default: the built-in definition's, else 0.80.</summary>
    public SafetyPolicyBuilder BlockAt(double score) => With(() => _draft.BlockAt = new(score, default));

    /// <summary>What happens when no engine assessed a category that has no rule of its own. Default: review.</summary>
    public SafetyPolicyBuilder WhenNotAssessed(Decision decision) =>
        With(() => _draft.WhenNotAssessed = new(decision, default));

    /// <summary>What happens to an image that could not be judged at all. Default: block.</summary>
    public SafetyPolicyBuilder OnFailure(Decision decision) => With(() => _draft.OnFailure = new(decision, default));

    private SafetyPolicyBuilder With(Action change)
    {
        change();
        return this;
    }

    /// <summary>The policy.</summary>
    /// <exception cref="PolicyException">Something is wrong; the errors say what.</exception>
    public SafetyPolicy Build() => _draft.Build(new PolicyErrors(PolicyText.Quote(_draft.Name!.Value.Value)));
}

/// <summary>Says what a category holds. What is not said comes from the built-in definition where there is one, else from the
/// defaults. Mistakes are reported together when the category or policy is built. Not thread-safe.</summary>
public sealed class SafetyCategoryBuilder
{
    internal SafetyCategoryBuilder(CategoryDraft draft) => Draft = draft;

    internal CategoryDraft Draft { get; }

    /// <summary>What people call the category, at most 100 characters. Default: the id.</summary>
    public SafetyCategoryBuilder Named(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return With(() => Draft.Name = new(name, default));
    }

    /// <summary>Who or what the category protects, in a sentence of at most 2000 characters. Default: nothing is said.</summary>
    public SafetyCategoryBuilder Protects(string purpose)
    {
        ArgumentNullException.ThrowIfNull(purpose);
        return With(() => Draft.Protects = new(purpose, default));
    }

    /// <summary>The visible things that belong to the category, as short phrases. The first call replaces the phrases that the
    /// category started from; further calls add.</summary>
    public SafetyCategoryBuilder Includes(params IEnumerable<string> phrases) =>
        With(() => Draft.Includes = Add(Draft.Includes, phrases));

    /// <summary>What is allowed after all, as short phrases. The first call, even with none, replaces the phrases that the category
    /// started from; further calls add.</summary>
    public SafetyCategoryBuilder Excludes(params IEnumerable<string> phrases) =>
        With(() => Draft.Excludes = Add(Draft.Excludes, phrases));

    /// <summary>The score, above 0 and at most the block threshold, from which a person should look at the image.</summary>
    public SafetyCategoryBuilder ReviewAt(double score) => With(() => Draft.ReviewAt = new(score, default));

    /// <summary>The score, at most 1, from which the image is blocked.</summary>
    public SafetyCategoryBuilder BlockAt(double score) => With(() => Draft.BlockAt = new(score, default));

    /// <summary>From which score on a finding is of low, medium or high severity, which results then carry: each above 0 and at
    /// most 1, rising; null leaves a level out. Default: no levels, and results carry no severity.</summary>
    public SafetyCategoryBuilder Severity(double? low = null, double? medium = null, double? high = null) =>
        With(() => Draft.Severity = SeverityDraft.From(new SeverityLevels(low, medium, high)));

    /// <summary>What happens when no engine assessed this category. Default: the policy's own rule.</summary>
    public SafetyCategoryBuilder WhenNotAssessed(Decision decision) =>
        With(() => Draft.WhenNotAssessed = new(decision, default));

    private SafetyCategoryBuilder With(Action change)
    {
        change();
        return this;
    }

    private static List<Placed<string>> Add(List<Placed<string>>? list, IEnumerable<string> phrases)
    {
        ArgumentNullException.ThrowIfNull(phrases);
        list ??= [];
        foreach (string phrase in phrases)
        {
            ArgumentNullException.ThrowIfNull(phrase, nameof(phrases));
            list.Add(new(phrase, default));
        }

        return list;
    }
}
