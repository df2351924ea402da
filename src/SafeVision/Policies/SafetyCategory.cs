namespace SafeVision.Policies;

/// <summary>One thing that a policy forbids: what it covers in the words of short phrases, from which score on an image is reviewed
/// or blocked, and what happens when no engine could judge it. Immutable, compared by value.</summary>
/// <remarks>A category exists only in a valid state; it comes from <see cref="Define"/>, a builder, a policy file or
/// <see cref="HarmCategory.Definition"/>. Texts are in Unicode form C, on one line, without invisible characters.</remarks>
public sealed record SafetyCategory
{
    /// <summary>The score from which an image is reviewed where nothing else is said.</summary>
    public const double DefaultReviewAt = 0.35;

    /// <summary>The score from which an image is blocked where nothing else is said.</summary>
    public const double DefaultBlockAt = 0.80;

    internal SafetyCategory(
        string id,
        string name,
        string protects,
        IEnumerable<string> includes,
        IEnumerable<string> excludes,
        double reviewAt = DefaultReviewAt,
        double blockAt = DefaultBlockAt,
        Decision? whenNotAssessed = null,
        SeverityLevels? severity = null)
    {
        Id = id;
        Name = name;
        Protects = protects;
        Includes = new ValueList<string>(includes);
        Excludes = new ValueList<string>(excludes);
        ReviewAt = reviewAt;
        BlockAt = blockAt;
        WhenNotAssessed = whenNotAssessed;
        Severity = severity;
    }

    /// <summary>What results and logs call the category: an ASCII letter, then letters, digits, <c>_</c>, <c>-</c> or <c>.</c>, at
    /// most 64. Unique in a policy, ignoring case.</summary>
    public string Id { get; }

    /// <summary>What people call it, at most 100 characters; the id where no name was given.</summary>
    public string Name { get; }

    /// <summary>Why the category exists: who or what it protects, at most 2000 characters; empty where nothing was given.</summary>
    public string Protects { get; }

    /// <summary>The visible things that belong to it: 1 to 256 phrases of at most 500 characters, in the order given.</summary>
    public IReadOnlyList<string> Includes { get; }

    /// <summary>What is allowed after all, though it looks like the category: 0 to 256 phrases, in the order given.</summary>
    public IReadOnlyList<string> Excludes { get; }

    /// <summary>The score, above 0 and at most <see cref="BlockAt"/>, from which (inclusive) a person should look at the image.</summary>
    public double ReviewAt { get; }

    /// <summary>The score, at most 1, from which (inclusive) the image is blocked.</summary>
    public double BlockAt { get; }

    /// <summary>What happens when no engine assessed this category; null where the policy's own rule applies.</summary>
    /// <seealso cref="SafetyPolicy.WhenNotAssessedFor"/>
    public Decision? WhenNotAssessed { get; }

    /// <summary>From which score on a finding is of low, medium or high severity; null where the category states no levels.</summary>
    public SeverityLevels? Severity { get; }

    /// <summary>Defines a category on its own, for <see cref="SafetyPolicy.With"/> and <see cref="SafetyPolicyBuilder.Category(SafetyCategory)"/>.</summary>
    /// <param name="id">The id; that of a built-in category starts from its definition.</param>
    /// <param name="configure">Says what the category holds.</param>
    /// <exception cref="PolicyException">The category is not valid; the errors say why.</exception>
    public static SafetyCategory Define(string id, Action<SafetyCategoryBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(id);
        ArgumentNullException.ThrowIfNull(configure);
        return Finish(new SafetyCategoryBuilder(new CategoryDraft { Id = new(id, default) }), configure);
    }

    /// <summary>This category with some parts said anew; all others stay as they are.</summary>
    /// <param name="configure">Says what changes. Phrase lists that it gives replace the present ones.</param>
    /// <exception cref="PolicyException">The changed category is not valid; the errors say why.</exception>
    public SafetyCategory Customize(Action<SafetyCategoryBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return Finish(new SafetyCategoryBuilder(CategoryDraft.From(this)), configure);
    }

    private static SafetyCategory Finish(SafetyCategoryBuilder builder, Action<SafetyCategoryBuilder> configure)
    {
        configure(builder);
        PolicyErrors errors = new(PolicyText.Quote(builder.Draft.Id!.Value.Value));
        SafetyCategory? category = builder.Draft.Resolve(CategoryDefaults.None, errors);
        errors.ThrowIfAny();
        return category!;
    }
}

/// <summary>An immutable list that is equal to another with equal elements in the same order, so records of lists compare by value.</summary>
internal sealed class ValueList<T>(IEnumerable<T> items) : IReadOnlyList<T>, IEquatable<ValueList<T>>
    where T : IEquatable<T>
{
    private readonly T[] _items = [.. items];

    public static ValueList<T> Empty { get; } = new([]);

    public int Count => _items.Length;

    public T this[int index] => _items[index];

    public bool Equals(ValueList<T>? other) => other is not null && _items.AsSpan().SequenceEqual(other._items);

    public override bool Equals(object? obj) => Equals(obj as ValueList<T>);

    public override int GetHashCode()
    {
        HashCode hash = new();
        foreach (T item in _items)
        {
            hash.Add(item);
        }

        return hash.ToHashCode();
    }

    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)_items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => $"[{string.Join("; ", _items)}]";
}
