namespace SafeVision.Engines.ClosedSet.Taxonomy;

/// <summary>Meanings of nouns (synsets of WordNet 3.0 and some of our own) above or equal to some label: each with its
/// name, the meanings above it, and how many kinds it has. A meaning is a row's number.</summary>
internal sealed class Lexicon
{
    /// <summary>More rows would be no lexicon of labels, and their ancestors would fill memory.</summary>
    private const int MostMeanings = 100_000;

    private readonly List<Meaning> _meanings;
    private readonly int[]?[] _ancestors;

    private Lexicon(List<Meaning> meanings) => (_meanings, _ancestors) = (meanings, new int[meanings.Count][]);

    public static Lexicon Empty { get; } = new([]);

    public int Count => _meanings.Count;

    /// <exception cref="ModelLoadException">The table is missing, altered, or not a tree of meanings.</exception>
    public static Lexicon Load(ModelPackage package, string file)
    {
        var meanings = new List<Meaning>(4500);
        int highest = 0;
        TaxonomyFile.Read(package, file, columns: 5, row =>
        {
            if (meanings.Count == MostMeanings)
            {
                throw row.Broken($"is one more than the {MostMeanings} meanings that a lexicon may have");
            }

            int[] parents = row.Numbers(2, MostMeanings);
            highest = Math.Max(highest, parents.DefaultIfEmpty().Max());
            meanings.Add(new Meaning(row[1], parents, row.Number(3, int.MaxValue), row[4], row[0].StartsWith("x.", StringComparison.Ordinal), row[5]));
        });
        if (highest >= meanings.Count)
        {
            throw new ModelLoadException($"{package.Folder.Description}: '{file}' names the row {highest} as a parent, but has {meanings.Count}. Copy the taxonomy's folder again.");
        }

        var lexicon = new Lexicon(meanings);
        for (int meaning = 0; meaning < meanings.Count; meaning++)
        {
            if (lexicon.Climb(meaning, 0) is null)
            {
                throw new ModelLoadException($"{package.Folder.Description}: '{file}' holds a circle of meanings at row {meaning}. Copy the taxonomy's folder again.");
            }
        }

        return lexicon;
    }

    public string Name(int meaning) => _meanings[meaning].Name;

    /// <summary>The meanings right above.</summary>
    public int[] Parents(int meaning) => _meanings[meaning].Parents;

    /// <summary>How many kinds of it WordNet has, itself included.</summary>
    public int Kinds(int meaning) => _meanings[meaning].Size;

    /// <summary>Its well-known kinds, by name.</summary>
    public string[] KnownKinds(int meaning) => _meanings[meaning].WellKnown is { Length: > 0 } kinds ? kinds.Split('|') : [];

    /// <summary>Whether a person has found that the labels below it are all that people mean by it.</summary>
    public bool IsReviewedFull(int meaning) => _meanings[meaning].Review == "full";

    /// <summary>Whether the labels below it may be all: not where WordNet lacks the meaning, nor where a person found otherwise.</summary>
    public bool MayBeFull(int meaning) => !_meanings[meaning].IsOurs && _meanings[meaning].Review != "partial";

    /// <summary>The meaning itself and all above it.</summary>
    public int[] Ancestors(int meaning) => _ancestors[meaning]!;

    /// <summary>Whether one meaning is another, or a kind of it.</summary>
    public bool IsKindOf(int meaning, int other) => Ancestors(meaning).Contains(other);

    /// <summary>Whether <paramref name="ancestor"/> is the meaning or at most so many steps above it.</summary>
    public bool IsWithin(int meaning, int ancestor, int steps) =>
        meaning == ancestor || (steps > 0 && Array.Exists(Parents(meaning), parent => IsWithin(parent, ancestor, steps - 1)));

    /// <summary>This lexicon and further meanings, which follow its own in order, each below one of it or below none.</summary>
    public Lexicon With(IReadOnlyList<(string Name, int? Above)> further)
    {
        var longer = new Lexicon([.. _meanings, .. further.Select(one => new Meaning(one.Name, one.Above is { } above ? [above] : [], 1, "", IsOurs: false, ""))]);
        _ancestors.CopyTo(longer._ancestors, 0);
        for (int meaning = Count; meaning < longer.Count; meaning++)
        {
            longer.Climb(meaning, 0);
        }

        return longer;
    }

    private int[]? Climb(int meaning, int depth)
    {
        const int deepest = 64; // WordNet's nouns reach 20; a circle never ends
        if (_ancestors[meaning] is { } known || depth > deepest)
        {
            return _ancestors[meaning];
        }

        List<int> above = [meaning];
        foreach (int parent in Parents(meaning))
        {
            if (Climb(parent, depth + 1) is not { } higher)
            {
                return null;
            }

            above.AddRange(higher.Except(above));
        }

        return _ancestors[meaning] = [.. above];
    }

    private readonly record struct Meaning(string Name, int[] Parents, int Size, string Review, bool IsOurs, string WellKnown);
}
