namespace SafeVision.Policies;

/// <summary>A policy as someone wrote it, in a file or through a builder, before it is known to be valid.</summary>
internal sealed class PolicyDraft
{
    public const int MostCategories = 256;
    public const int LongestName = 100;

    public Placed<string>? Name { get; set; }

    public Placed<string>? Version { get; set; }

    public Placed<Decision>? OnFailure { get; set; }

    public Placed<Decision>? WhenNotAssessed { get; set; }

    public Placed<double>? ReviewAt { get; set; }

    public Placed<double>? BlockAt { get; set; }

    public List<CategoryDraft> Categories { get; } = [];

    /// <summary>The policy.</summary>
    /// <exception cref="PolicyException"><paramref name="errors"/> held errors already, or there are errors in here.</exception>
    public SafetyPolicy Build(PolicyErrors errors)
    {
        string? name = Name is null ? null : CategoryDraft.Text(Name.Value, "the policy's name", LongestName, errors);
        string? version = Version is null ? null : CategoryDraft.Text(Version.Value, "the policy's version", LongestName, errors);
        Decision onFailure = Check(OnFailure, Decision.Block, errors);
        Decision whenNotAssessed = Check(WhenNotAssessed, Decision.Review, errors);
        CategoryDefaults defaults = CategoryDefaults.Resolve(ReviewAt, BlockAt, errors);
        List<SafetyCategory> categories = Resolve(defaults, errors);
        errors.ThrowIfAny();
        return new SafetyPolicy(name!, version!, onFailure, whenNotAssessed, categories);
    }

    private List<SafetyCategory> Resolve(CategoryDefaults defaults, PolicyErrors errors)
    {
        if (Categories.Count == 0 && !errors.Any)
        {
            errors.Add(default, "a policy needs at least one category; without one it would allow everything");
        }

        if (Categories.Count > MostCategories)
        {
            errors.Add(Categories[MostCategories].Place, $"the policy has {Categories.Count} categories; at most {MostCategories} are allowed");
            return [];
        }

        List<SafetyCategory> resolved = new(Categories.Count);
        Dictionary<string, Place> seen = new(StringComparer.OrdinalIgnoreCase);
        foreach (CategoryDraft draft in Categories)
        {
            if (draft.Id is { } id && !seen.TryAdd(id.Value.Trim(), id.Place))
            {
                Place first = seen[id.Value.Trim()];
                string where = first == default ? "" : $"; first in line {first.Line}";
                errors.Add(id.Place, $"category {PolicyText.Quote(id.Value.Trim())} is defined twice{where}");
            }

            if (draft.Resolve(defaults, errors) is SafetyCategory category)
            {
                resolved.Add(category);
            }
        }

        return resolved;
    }

    private static Decision Check(Placed<Decision>? written, Decision otherwise, PolicyErrors errors)
    {
        if (written is { } given && !Enum.IsDefined(given.Value))
        {
            errors.Add(given.Place, $"{(int)given.Value} is not a decision");
        }

        return written?.Value ?? otherwise;
    }
}
