// Policies: what is forbidden, in words. A text or a builder makes a PolicyDraft of CategoryDrafts, which resolve to a valid, immutable
// SafetyPolicy of SafetyCategories or to PolicyErrors; HarmCategory and HarmDefinitions are the built-in ones. Yaml/ reads and writes the text.

namespace SafeVision.Policies;

/// <summary>A category as someone wrote it, in a file or through a builder, before it is known to be valid. Both ways end in
/// <see cref="Resolve"/>, so that they accept the same things.</summary>
internal sealed class CategoryDraft
{
    public const int MostPhrases = 256;
    public const int LongestPhrase = 500;
    public const int LongestName = 100;
    public const int LongestPurpose = 2000;

    public Place Place { get; init; }
    public Placed<string>? Id { get; set; }
    public Placed<string>? Name { get; set; }
    public Placed<string>? Protects { get; set; }
    public List<Placed<string>>? Includes { get; set; }
    public Place? IncludesPlace { get; set; }
    public List<Placed<string>>? Excludes { get; set; }
    public Placed<double>? ReviewAt { get; set; }
    public Placed<double>? BlockAt { get; set; }
    public Placed<Decision>? WhenNotAssessed { get; set; }
    public SeverityDraft? Severity { get; set; }

    /// <summary>Set where a part was written but could not be read, so that its absence is not reported as well.</summary>
    public bool IsIncomplete { get; set; }

    public SafetyCategory? Basis { get; private set; } // the category whose parts stand where this draft says nothing

    /// <summary>A draft that resolves to <paramref name="category"/> as long as nothing is set anew.</summary>
    public static CategoryDraft From(SafetyCategory category) => new()
    {
        Basis = category,
        Id = new(category.Id, default),
        ReviewAt = new(category.ReviewAt, default),
        BlockAt = new(category.BlockAt, default),
        WhenNotAssessed = category.WhenNotAssessed is Decision decision ? new(decision, default) : null,
        Severity = category.Severity is { } levels ? SeverityDraft.From(levels) : null,
    };

    /// <summary>The category, or null after at least one error was added.</summary>
    public SafetyCategory? Resolve(CategoryDefaults defaults, PolicyErrors errors)
    {
        if (Id is null)
        {
            if (!IsIncomplete)
            {
                errors.Add(Place, "a category needs an 'id'");
            }

            return null;
        }

        string? id = CategoryId.Resolve(this, errors, out HarmCategory? builtIn);
        if (id is null)
        {
            return null;
        }

        Basis ??= builtIn?.Definition;
        string subject = $"category '{id}'";
        string? name = Name is null ? Basis?.Name ?? id : Text(Name.Value, $"{subject}: the name", LongestName, errors);
        string? protects = Protects is null ? Basis?.Protects ?? "" : Text(Protects.Value, $"{subject}: 'protects'", LongestPurpose, errors);
        IReadOnlyList<string>? includes = Phrases(Includes, Basis?.Includes, "include", subject, errors);
        IReadOnlyList<string>? excludes = Phrases(Excludes, Basis?.Excludes ?? [], "exclude", subject, errors);
        bool valid = name is not null && protects is not null && includes is not null && excludes is not null;
        valid &= CheckOverlap(subject, includes, excludes, errors);
        valid &= CheckDecision(subject, errors);
        SeverityLevels? severity = Severity?.Resolve(subject, errors);
        valid &= (Severity is null) == (severity is null);
        (double Review, double Block)? thresholds = Thresholds(subject, defaults, errors);
        if (!valid || thresholds is null || IsIncomplete)
        {
            return null;
        }

        return new SafetyCategory(
            id, name!, protects!, includes!, excludes!, thresholds.Value.Review, thresholds.Value.Block, WhenNotAssessed?.Value, severity);
    }

    internal static string? Text(Placed<string> written, string what, int longest, PolicyErrors errors)
    {
        string? text = PolicyText.Normalize(written.Value, longest, out string? problem);
        if (text is null)
        {
            errors.Add(written.Place, $"{what} {problem}");
        }

        return text;
    }

    private IReadOnlyList<string>? Phrases(
        List<Placed<string>>? written, IReadOnlyList<string>? basis, string kind, string subject, PolicyErrors errors)
    {
        if (written is null)
        {
            // Without a basis CategoryId has reported a category that includes nothing.
            return basis;
        }

        if (kind == "include" && written.Count == 0)
        {
            errors.Add(IncludesPlace ?? Place, $"{subject} is empty; 'includes' needs at least one phrase");
            return null;
        }

        if (written.Count > MostPhrases)
        {
            errors.Add(written[MostPhrases].Place, $"{subject} has {written.Count} phrases in '{kind}s'; at most {MostPhrases} are allowed");
            return null;
        }

        List<string> phrases = new(written.Count);
        HashSet<string> seen = new(StringComparer.OrdinalIgnoreCase);
        foreach (Placed<string> phrase in written)
        {
            if (Text(phrase, $"{subject}: a phrase in '{kind}s'", LongestPhrase, errors) is not string text)
            {
                continue;
            }

            if (!seen.Add(text))
            {
                errors.Add(phrase.Place, $"{subject} {kind}s {PolicyText.Quote(text)} twice");
                continue;
            }

            phrases.Add(text);
        }

        return phrases.Count == written.Count ? phrases : null;
    }

    private bool CheckOverlap(string subject, IReadOnlyList<string>? includes, IReadOnlyList<string>? excludes, PolicyErrors errors)
    {
        if (includes is null || excludes is null)
        {
            return false;
        }

        var included = includes.Index().ToDictionary(phrase => phrase.Item, phrase => phrase.Index, StringComparer.OrdinalIgnoreCase);
        bool valid = true;
        for (int index = 0; index < excludes.Count; index++)
        {
            if (included.TryGetValue(excludes[index], out int include))
            {
                // Reported at what the author wrote: one of the two lists may come from the definition.
                Place place = Excludes?[index].Place ?? Includes?[include].Place ?? Place;
                string origin = Includes is null ? "; its definition includes it, so give 'includes' without it as well"
                    : Excludes is null ? "; its definition excludes it, so give 'excludes' without it as well"
                    : "";
                errors.Add(place, $"{subject} includes and excludes {PolicyText.Quote(excludes[index])}{origin}");
                valid = false;
            }
        }

        return valid;
    }

    private bool CheckDecision(string subject, PolicyErrors errors)
    {
        if (WhenNotAssessed is not { } written || Enum.IsDefined(written.Value))
        {
            return true;
        }

        errors.Add(written.Place, $"{subject}: {(int)written.Value} is not a decision");
        return false;
    }

    private (double Review, double Block)? Thresholds(string subject, CategoryDefaults defaults, PolicyErrors errors)
    {
        double? ownReview = Threshold.Check($"{subject}: review", ReviewAt, errors);
        double? ownBlock = Threshold.Check($"{subject}: block", BlockAt, errors);
        if ((ReviewAt is not null && ownReview is null) || (BlockAt is not null && ownBlock is null))
        {
            return null;
        }

        double review = ownReview ?? defaults.ReviewAt ?? Basis?.ReviewAt ?? SafetyCategory.DefaultReviewAt;
        double block = ownBlock ?? defaults.BlockAt ?? Basis?.BlockAt ?? SafetyCategory.DefaultBlockAt;
        if (block >= review)
        {
            return (review, block);
        }

        Place place = BlockAt?.Place ?? ReviewAt?.Place ?? Place;
        errors.Add(place, Threshold.Crossed(
            subject, review, ownReview is null ? " (the default)" : "", block, ownBlock is null ? " (the default)" : ""));
        return null;
    }
}

/// <summary>Decides what the id of a category means: a built-in one, an own one, or a slip of the pen.</summary>
internal static class CategoryId
{
    public const int Longest = 64;

    // So near to a built-in id, an own one is more likely a typo that would lose the built-in definition.
    private const int TypoDistance = 2;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.");

    /// <summary>The id as results will show it, or null after an error was added.</summary>
    public static string? Resolve(CategoryDraft draft, PolicyErrors errors, out HarmCategory? builtIn)
    {
        (string written, Place place) = draft.Id!.Value;
        string id = written.Trim();
        string quoted = PolicyText.Quote(id);
        string[] known = [.. HarmCategory.All.Select(category => category.Id)];
        if (HarmCategory.TryParse(id, out builtIn))
        {
            if (builtIn != HarmCategory.Safe)
            {
                return builtIn.Id;
            }

            errors.Add(place, $"{quoted} means that an image belongs to no category, so it cannot be one; leave it out");
            return null;
        }

        if (id.Length is 0 or > Longest || !char.IsAsciiLetter(id[0]) || id.AsSpan().ContainsAnyExcept(Allowed))
        {
            errors.Add(place, $"{quoted} is not an id; {Invalid(id, known)}");
            return null;
        }

        if (NearestWord.Within(id, known, TypoDistance) is string typo)
        {
            errors.Add(place, $"unknown category id {quoted}; did you mean '{typo}'? (an own category needs an id less like a built-in one)");
            return null;
        }

        if (draft.Includes is not null || draft.Basis is not null || draft.IsIncomplete)
        {
            return id;
        }

        string? meant = NearestWord.Find(id, known) ?? (draft.Name is { } name ? NearestWord.Find(name.Value, known) : null);
        errors.Add(place, meant is null
            ? $"category {quoted} is empty; an own category needs 'includes' (the built-in ones are {string.Join(", ", known)})"
            : $"unknown category id {quoted}; did you mean '{meant}'? (an own category needs 'includes')");
        return null;
    }

    // A letter of another script may look exactly like the right one, so it is named by its number.
    private static string Invalid(string id, string[] known)
    {
        string rule = $"an id is an ASCII letter followed by ASCII letters, digits, '_', '-' or '.', at most {Longest} in all";
        int wrong = id.AsSpan().IndexOfAnyExcept(Allowed);
        if (wrong < 0 || id[wrong] < 0x80)
        {
            return rule;
        }

        Rune.DecodeFromUtf16(id.AsSpan(wrong), out Rune rune, out _);
        string hint = NearestWord.Within(id, known, TypoDistance) is string near ? $" did you mean '{near}'?" : "";
        return $"it holds {PolicyText.Quote(rune.ToString())} ({PolicyText.Name(rune)});{hint} {rule}";
    }
}
