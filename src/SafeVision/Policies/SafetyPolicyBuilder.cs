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
        _draft.Categories.Add(CategoryDraft.From(category));
        return this;
    }

    /// <summary>The review threshold, above 0 and at most 1, of categories that name none. Default: the built-in definition's, else 0.35.</summary>
    public SafetyPolicyBuilder ReviewAt(double score)
    {
        _draft.ReviewAt = new(score, default);
        return this;
    }

    /// <summary>The block threshold, above 0 and at most 1, of categories that name none. Default: the built-in definition's, else 0.80.</summary>
    public SafetyPolicyBuilder BlockAt(double score)
    {
        _draft.BlockAt = new(score, default);
        return this;
    }

    /// <summary>What happens when no engine assessed a category that has no rule of its own. Default: review.</summary>
    public SafetyPolicyBuilder WhenNotAssessed(Decision decision)
    {
        _draft.WhenNotAssessed = new(decision, default);
        return this;
    }

    /// <summary>What happens to an image that could not be judged at all. Default: block.</summary>
    public SafetyPolicyBuilder OnFailure(Decision decision)
    {
        _draft.OnFailure = new(decision, default);
        return this;
    }

    /// <summary>The policy.</summary>
    /// <exception cref="PolicyException">Something is wrong; the errors say what.</exception>
    public SafetyPolicy Build() => _draft.Build(new PolicyErrors(PolicyText.Quote(_draft.Name!.Value.Value)));
}
