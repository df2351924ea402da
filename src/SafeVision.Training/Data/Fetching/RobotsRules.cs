namespace SafeVision.Training.Data.Fetching;

/// <summary>What a site's <c>robots.txt</c> lets a program fetch, by RFC 9309. Immutable.</summary>
internal sealed class RobotsRules
{
    /// <summary>The most characters that are read, as the standard demands at least.</summary>
    public const int MostBytes = 512 * 1024;

    private readonly IReadOnlyList<(string Pattern, bool Allows)> _rules;

    private RobotsRules(IReadOnlyList<(string Pattern, bool Allows)> rules) => _rules = rules;

    /// <summary>Everything may be fetched: there is no such file.</summary>
    public static RobotsRules Open { get; } = new([]);

    /// <summary>Nothing may be fetched: the site could not be asked.</summary>
    public static RobotsRules Closed { get; } = new([("/", false)]);

    /// <summary>Reads the rules of one program: those of its own groups, or else those of <c>*</c>.</summary>
    /// <param name="agent">The program's name, without its version.</param>
    public static RobotsRules Read(string text, string agent)
    {
        List<(string Pattern, bool Allows)> own = [], all = [];
        bool isOwn = false, isAll = false, isNamed = false, startsGroup = true;
        foreach (string raw in text.TrimStart('\uFEFF').Split('\n', '\r'))
        {
            string line = raw.Split('#')[0];
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
            {
                continue;
            }

            (string key, string value) = (line[..colon].Trim().ToUpperInvariant(), line[(colon + 1)..].Trim());
            switch (key)
            {
                case "USER-AGENT":
                    if (startsGroup)
                    {
                        (isOwn, isAll, startsGroup) = (false, false, false);
                    }

                    // A product name ends where its version begins.
                    string product = new([.. value.TakeWhile(letter => char.IsAsciiLetter(letter) || letter is '_' or '-')]);
                    isOwn |= product.Equals(agent, StringComparison.OrdinalIgnoreCase);
                    isAll |= value == "*";
                    isNamed |= isOwn;
                    break;
                case "ALLOW" or "DISALLOW":
                    startsGroup = true;
                    if (value.Length > 0)
                    {
                        (isOwn ? own : isAll ? all : []).Add((value, key == "ALLOW"));
                    }

                    break;
            }
        }

        return new RobotsRules(isNamed ? own : all);
    }

    /// <summary>Whether a path with its query may be fetched: the longest pattern that matches says so, and of equal ones that which allows.</summary>
    public bool Allows(string path)
    {
        (int longest, bool allows) = (-1, true);
        foreach ((string pattern, bool ruleAllows) in _rules)
        {
            if (Matches(path, pattern) && (pattern.Length > longest || (pattern.Length == longest && ruleAllows)))
            {
                (longest, allows) = (pattern.Length, ruleAllows);
            }
        }

        return allows;
    }

    /// <summary>Whether a path begins as a pattern says: <c>*</c> is any text, <c>$</c> at the end is the end. Linear in both for each star.</summary>
    private static bool Matches(string path, string pattern)
    {
        bool isWhole = pattern.EndsWith('$');
        string[] parts = (isWhole ? pattern[..^1] : pattern).Split('*');
        if (!path.StartsWith(parts[0], StringComparison.Ordinal))
        {
            return false;
        }

        int at = parts[0].Length;
        for (int i = 1; i < parts.Length; i++)
        {
            bool isLast = isWhole && i == parts.Length - 1;
            int found = isLast
                ? (path.Length - parts[i].Length >= at && path.EndsWith(parts[i], StringComparison.Ordinal) ? path.Length - parts[i].Length : -1)
                : path.IndexOf(parts[i], at, StringComparison.Ordinal);
            if (found < 0)
            {
                return false;
            }

            at = found + parts[i].Length;
        }

        return !isWhole || at == path.Length;
    }
}
