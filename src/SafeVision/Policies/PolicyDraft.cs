namespace SafeVision.Policies;

/// <summary>A policy as someone wrote it, in a file or through a builder, before it is known to be valid.</summary>
internal sealed class PolicyDraft
{
    public const int MostCategories = 256;

    /// <summary>Phrases of all categories together: engines look each of them up before the first image.</summary>
    public const int MostPhrases = 10_240;

    // A policy with less text than this is a file of less than 1 MiB, whatever has to be escaped in it.
    private const int SurelyFits = 192 * 1024;

    public const int LongestName = 100;

    public Placed<string>? Name { get; set; }
    public Placed<string>? Version { get; set; }
    public Placed<Decision>? OnFailure { get; set; }
    public Placed<Decision>? WhenNotAssessed { get; set; }
    public Placed<double>? ReviewAt { get; set; }
    public Placed<double>? BlockAt { get; set; }
    public List<CategoryDraft> Categories { get; } = [];

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
        return CheckSize(new SafetyPolicy(name!, version!, onFailure, whenNotAssessed, categories), errors, index => Categories[index].Place);
    }

    /// <summary>The policy, if it is not too large as a whole: in phrases, or as the file that <see cref="SafetyPolicy.ToYaml"/> makes.</summary>
    /// <param name="placeOf">Where a category was written, by its index.</param>
    /// <exception cref="PolicyException">It is too large.</exception>
    public static SafetyPolicy CheckSize(SafetyPolicy policy, PolicyErrors errors, Func<int, Place> placeOf)
    {
        int phrases = 0, characters = 0;
        Place? over = null;
        for (int index = 0; index < policy.Categories.Count; index++)
        {
            SafetyCategory category = policy.Categories[index];
            phrases += category.Includes.Count + category.Excludes.Count;
            characters += category.Name.Length + category.Protects.Length + category.Includes.Sum(phrase => phrase.Length) + category.Excludes.Sum(phrase => phrase.Length);
            over ??= phrases > MostPhrases ? placeOf(index) : null;
        }

        if (over is { } place)
        {
            errors.Add(place, $"the policy has {phrases} phrases in all its categories; at most {MostPhrases} are allowed, and this category passes them");
        }
        else if (characters > SurelyFits && Encoding.UTF8.GetByteCount(policy.ToYaml()) > PolicyFile.MostBytes)
        {
            errors.Add(default, $"{PolicyFile.TooLarge} as a file");
        }

        errors.ThrowIfAny();
        return policy;
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

/// <summary>Thresholds for the categories of one policy that name none of their own.</summary>
internal readonly record struct CategoryDefaults(double? ReviewAt, double? BlockAt)
{
    public static CategoryDefaults None => default;

    /// <summary>The defaults that were written, less those that are wrong, which are reported here and only here.</summary>
    public static CategoryDefaults Resolve(Placed<double>? review, Placed<double>? block, PolicyErrors errors)
    {
        double? reviewAt = Threshold.Check("default review", review, errors);
        double? blockAt = Threshold.Check("default block", block, errors);
        double effectiveReview = reviewAt ?? SafetyCategory.DefaultReviewAt;
        double effectiveBlock = blockAt ?? SafetyCategory.DefaultBlockAt;

        // A lone default may lie beyond the global value of the other: each category says then whether that matters.
        if (reviewAt is not null && blockAt is not null && effectiveBlock < effectiveReview)
        {
            errors.Add(block!.Value.Place, Threshold.Crossed("the defaults", effectiveReview, "", effectiveBlock, ""));
            return None;
        }

        return new CategoryDefaults(reviewAt, blockAt);
    }
}

/// <summary>What a threshold may be, and how a message says that it may not.</summary>
internal static class Threshold
{
    /// <summary>The threshold if it is above 0 and at most 1; otherwise null, and an error where one was written.</summary>
    public static double? Check(string what, Placed<double>? written, PolicyErrors errors)
    {
        if (written is not { Value: double value, Place: Place place })
        {
            return null;
        }

        if (value is > 0 and <= 1)
        {
            return value;
        }

        string reason = value switch
        {
            0 => "0 would stop every image; a threshold is above 0 and at most 1",
            >= 2 and <= 100 => $"{Show(value)} is not above 0 and at most 1; {Show(value)} % is written {Show(value / 100)}",
            _ => $"{Show(value)} is not above 0 and at most 1",
        };
        errors.Add(place, $"{what} threshold {reason}");
        return null;
    }

    /// <summary>The message for a block threshold below the review threshold.</summary>
    public static string Crossed(string whose, double review, string reviewFrom, double block, string blockFrom) =>
        $"{whose}: block {Show(block)}{blockFrom} is below review {Show(review)}{reviewFrom}; an image would be blocked before it is reviewed";

    private static string Show(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
