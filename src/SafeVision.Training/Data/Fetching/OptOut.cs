namespace SafeVision.Training.Data.Fetching;

/// <summary>Headers with which a site says that its images are not to be trained on.</summary>
internal static class OptOut
{
    private static readonly string[] s_directives = ["noai", "noimageai", "noindex", "noimageindex", "none"];

    /// <summary>What forbids it; null where nothing does.</summary>
    /// <param name="headers">The answer's headers, each with all of its values.</param>
    /// <param name="agent">The program's name: a directive may be for it alone.</param>
    public static string? Find(IEnumerable<KeyValuePair<string, IEnumerable<string>>> headers, string agent)
    {
        foreach ((string name, IEnumerable<string> values) in headers)
        {
            if (name.Equals("X-Robots-Tag", StringComparison.OrdinalIgnoreCase) && values.SelectMany(value => DirectivesFor(value, agent)).FirstOrDefault(s_directives.Contains) is { } directive)
            {
                return $"X-Robots-Tag: {directive}";
            }

            // The TDM Reservation Protocol of the W3C community group.
            if (name.Equals("tdm-reservation", StringComparison.OrdinalIgnoreCase) && values.Any(value => value.Trim() == "1"))
            {
                return "tdm-reservation: 1";
            }

            // IETF AI Preferences: "train-ai=n".
            if (name.Equals("Content-Usage", StringComparison.OrdinalIgnoreCase)
                && values.SelectMany(value => value.Split(',')).Any(value => value.Replace(" ", "", StringComparison.Ordinal).Equals("train-ai=n", StringComparison.OrdinalIgnoreCase)))
            {
                return "Content-Usage: train-ai=n";
            }
        }

        return null;
    }

    // "googlebot: noindex, nofollow, otherbot: noai": a name with a colon begins what is for that program alone.
    private static IEnumerable<string> DirectivesFor(string value, string agent)
    {
        bool applies = true;
        foreach (string part in value.Split(','))
        {
            string directive = part.Trim().ToLowerInvariant();
            int colon = directive.IndexOf(':', StringComparison.Ordinal);
            if (colon >= 0 && !directive.StartsWith("unavailable_after", StringComparison.Ordinal) && !directive.StartsWith("max-", StringComparison.Ordinal))
            {
                string named = directive[..colon].Trim();
                applies = named == "*" || named.Equals(agent, StringComparison.OrdinalIgnoreCase);
                directive = directive[(colon + 1)..].Trim();
            }

            if (applies)
            {
                yield return directive;
            }
        }
    }
}
