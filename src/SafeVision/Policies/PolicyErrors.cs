namespace SafeVision.Policies;

/// <summary>A policy that was not accepted. It lists everything that is wrong with it, not only the first thing, because a policy
/// is mended by a person with an editor.</summary>
public sealed class PolicyException : Exception
{
    /// <summary>Creates the exception for at least one error.</summary>
    /// <param name="errors">What is wrong, in the order of the text.</param>
    /// <param name="innerException">What the file system threw, where it did.</param>
    /// <exception cref="ArgumentException"><paramref name="errors"/> is empty.</exception>
    public PolicyException(IReadOnlyList<PolicyError> errors, Exception? innerException = null)
        : base(Describe(errors), innerException)
    {
        Errors = new ValueList<PolicyError>(errors);
        Source = errors[0].Source;
    }

    /// <summary>Everything that is wrong, in the order of the text; never empty. At most 100 are listed.</summary>
    public IReadOnlyList<PolicyError> Errors { get; }

    /// <summary>The line of the first error, from 1; 0 where there is no text.</summary>
    public int Line => Errors[0].Line;

    /// <summary>The column of the first error, from 1; 0 where there is no text.</summary>
    public int Column => Errors[0].Column;

    private static string Describe(IReadOnlyList<PolicyError> errors)
    {
        ArgumentNullException.ThrowIfNull(errors);
        ArgumentOutOfRangeException.ThrowIfZero(errors.Count, nameof(errors));
        return string.Join('\n', errors);
    }
}

/// <summary>One thing that is wrong with a policy, and where.</summary>
/// <param name="Source">The file as it was named by the caller; for a policy made in code, the policy's name.</param>
/// <param name="Line">The line, from 1; 0 where there is no text, as for a policy made in code.</param>
/// <param name="Column">The column in UTF-16 units, from 1; 0 where <paramref name="Line"/> is 0.</param>
/// <param name="Message">What is wrong and what would be right, in one line without the place.</param>
public sealed record PolicyError(string Source, int Line, int Column, string Message)
{
    /// <summary>The form that editors and terminals turn into a link: <c>policy.yaml:7:5: unknown key …</c>.</summary>
    public override string ToString() => Line == 0 ? $"{Source}: {Message}" : $"{Source}:{Line}:{Column}: {Message}";
}

/// <summary>A position in a policy's text, both parts from 1; the default means "no text".</summary>
internal readonly record struct Place(int Line, int Column);

/// <summary>A value and where it was written.</summary>
internal readonly record struct Placed<T>(T Value, Place Place);

/// <summary>Collects what is wrong with one policy.</summary>
internal sealed class PolicyErrors(string source)
{
    // A hostile megabyte can hold a hundred thousand mistakes; nobody reads past the first screens.
    private const int Most = 100;

    private readonly List<PolicyError> _errors = [];

    public int Count { get; private set; }

    public bool Any => Count > 0;

    public void Add(Place place, string message) => Add(place, () => message);

    /// <summary>Adds an error whose message takes a search to write; it is written only if someone will read it.</summary>
    public void Add(Place place, Func<string> message)
    {
        Count++;
        if (_errors.Count < Most)
        {
            _errors.Add(new PolicyError(source, place.Line, place.Column, message()));
        }
    }

    public void ThrowIfAny()
    {
        if (Any)
        {
            throw new PolicyException([.. _errors.OrderBy(error => error.Line).ThenBy(error => error.Column)]);
        }
    }
}

/// <summary>Finds the valid word that a mistyped one was probably meant to be.</summary>
internal static class NearestWord
{
    private const int LongestCompared = 100;

    /// <summary>The candidate nearest to <paramref name="word"/>: at most a third of its letters (and always one) away, else one
    /// that contains the word or is contained in it; null when none is near.</summary>
    public static string? Find(string word, IEnumerable<string> candidates)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        string[] all = [.. candidates];
        return Within(word, all, Math.Max(1, word.Length / 3))
            ?? all.FirstOrDefault(candidate => Contains(candidate, word) || Contains(word, candidate));
    }

    /// <summary>The candidate with the smallest distance, if that is at most <paramref name="limit"/>; ties go to the first.</summary>
    public static string? Within(string word, IEnumerable<string> candidates, int limit)
    {
        if (word.Length > LongestCompared)
        {
            return null;
        }

        string? nearest = null;
        foreach (string candidate in candidates)
        {
            int distance = Distance(word, candidate);
            if (distance <= limit)
            {
                (nearest, limit) = (candidate, distance - 1);
            }
        }

        return nearest;
    }

    /// <summary>The restricted Damerau–Levenshtein distance (optimal string alignment) ignoring case: insertions, deletions,
    /// substitutions, and swaps of two neighbours, each at cost 1.</summary>
    public static int Distance(string left, string right)
    {
        int[] beforePrevious = new int[right.Length + 1];
        int[] previous = [.. Enumerable.Range(0, right.Length + 1)];
        int[] current = new int[right.Length + 1];
        for (int i = 1; i <= left.Length; i++)
        {
            current[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int substitution = Same(left[i - 1], right[j - 1]) ? 0 : 1;
                int best = Math.Min(Math.Min(previous[j], current[j - 1]) + 1, previous[j - 1] + substitution);
                if (i > 1 && j > 1 && Same(left[i - 1], right[j - 2]) && Same(left[i - 2], right[j - 1]))
                {
                    best = Math.Min(best, beforePrevious[j - 2] + 1);
                }

                current[j] = best;
            }

            (beforePrevious, previous, current) = (previous, current, beforePrevious);
        }

        return previous[right.Length];
    }

    private static bool Same(char left, char right) => char.ToUpperInvariant(left) == char.ToUpperInvariant(right);

    // Shorter fragments ("id", "no") are inside too many words to be a hint.
    private static bool Contains(string whole, string part) =>
        part.Length >= 4 && whole.Length <= LongestCompared && whole.Contains(part, StringComparison.OrdinalIgnoreCase);
}
