namespace SafeVision.Unicode;

/// <summary>Unicode normalisation forms C and D (UAX #15) from a table of our own. <see cref="string.Normalize()"/> leaves text as
/// it is where the host runs with invariant globalisation, as slim containers do: there the same policy would have another content
/// hash, and the same phrase other tokens.</summary>
public static class UnicodeNormalization
{
    private const int HangulBase = 0xAC00;
    private const int LeadBase = 0x1100;
    private const int VowelBase = 0x1161;
    private const int TrailBase = 0x11A7;
    private const int LeadCount = 19;
    private const int VowelCount = 21;
    private const int TrailCount = 28;

    /// <summary>The form C of <paramref name="text"/>, which must be well-formed UTF-16.</summary>
    public static string ToNfc(string text)
    {
        // Below U+0300 nothing composes with anything and everything is composed.
        if (text.AsSpan().IndexOfAnyExceptInRange('\0', '\u02FF') < 0)
        {
            return text;
        }

        List<int> points = Decompose(text);
        SortMarks(points);
        return ToText(Compose(points));
    }

    /// <summary>The form D of <paramref name="text"/>, which must be well-formed UTF-16.</summary>
    public static string ToNfd(string text)
    {
        if (text.AsSpan().IndexOfAnyExceptInRange('\0', '\u00BF') < 0)
        {
            return text;
        }

        List<int> points = Decompose(text);
        SortMarks(points);
        return ToText(points);
    }

    private static List<int> Decompose(string text)
    {
        List<int> points = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            int syllable = rune.Value - HangulBase;
            if (syllable is >= 0 and < LeadCount * VowelCount * TrailCount)
            {
                points.Add(LeadBase + syllable / (VowelCount * TrailCount));
                points.Add(VowelBase + syllable / TrailCount % VowelCount);
                if (syllable % TrailCount is > 0 and int trail)
                {
                    points.Add(TrailBase + trail);
                }
            }
            else if (CanonicalComposition.Table.Decompositions.TryGetValue(rune.Value, out int[]? parts))
            {
                points.AddRange(parts);
            }
            else
            {
                points.Add(rune.Value);
            }
        }

        return points;
    }

    /// <summary>The canonical ordering: marks between two starters by combining class, equal ones as they stood.</summary>
    private static void SortMarks(List<int> points)
    {
        for (int start = 0; start < points.Count; start++)
        {
            int end = start;
            while (end < points.Count && CanonicalComposition.Table.Class(points[end]) != 0)
            {
                end++;
            }

            if (end - start > 1)
            {
                int[] marks = [.. points[start..end].OrderBy(CanonicalComposition.Table.Class)];
                for (int index = 0; index < marks.Length; index++)
                {
                    points[start + index] = marks[index];
                }
            }

            start = end;
        }
    }

    private static List<int> Compose(List<int> points)
    {
        List<int> composed = new(points.Count);
        int starter = -1;
        int lastClass = 0;
        foreach (int point in points)
        {
            int combiningClass = CanonicalComposition.Table.Class(point);
            bool adjacent = starter == composed.Count - 1;
            bool blocked = !adjacent && (lastClass == 0 || lastClass >= combiningClass);
            if (starter >= 0 && !blocked && Compose(composed[starter], point) is int whole)
            {
                composed[starter] = whole;
                continue;
            }

            if (combiningClass == 0)
            {
                starter = composed.Count;
            }

            lastClass = combiningClass;
            composed.Add(point);
        }

        return composed;
    }

    private static int? Compose(int first, int second)
    {
        if (first - LeadBase is >= 0 and < LeadCount and int lead && second - VowelBase is >= 0 and < VowelCount and int vowel)
        {
            return HangulBase + (lead * VowelCount + vowel) * TrailCount;
        }

        if (first - HangulBase is >= 0 and < LeadCount * VowelCount * TrailCount and int syllable
            && syllable % TrailCount == 0 && second - TrailBase is > 0 and < TrailCount and int trail)
        {
            return first + trail;
        }

        return CanonicalComposition.Table.Compositions.TryGetValue((first, second), out int whole) ? whole : null;
    }

    private static string ToText(List<int> points)
    {
        StringBuilder text = new(points.Count);
        foreach (int point in points)
        {
            text.Append(new Rune(point));
        }

        return text.ToString();
    }
}
