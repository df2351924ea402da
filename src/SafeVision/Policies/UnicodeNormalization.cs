using System.Globalization;
using System.Text;

namespace SafeVision.Policies;

/// <summary>
/// Unicode normalisation form C (UAX #15) from a table of our own. <see cref="string.Normalize()"/> leaves text as it
/// is where the host runs with invariant globalisation, as slim containers do, so the same policy would have another
/// content hash there.
/// </summary>
internal static class UnicodeNormalization
{
    private const int HangulBase = 0xAC00;
    private const int LeadBase = 0x1100;
    private const int VowelBase = 0x1161;
    private const int TrailBase = 0x11A7;
    private const int LeadCount = 19;
    private const int VowelCount = 21;
    private const int TrailCount = 28;

    private static readonly Lazy<Table> Data = new(Table.Load);

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
        return Compose(points);
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
            else if (Data.Value.Decompositions.TryGetValue(rune.Value, out int[]? parts))
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
            while (end < points.Count && Data.Value.Class(points[end]) != 0)
            {
                end++;
            }

            if (end - start > 1)
            {
                int[] marks = [.. points[start..end].OrderBy(Data.Value.Class)];
                for (int index = 0; index < marks.Length; index++)
                {
                    points[start + index] = marks[index];
                }
            }

            start = end;
        }
    }

    private static string Compose(List<int> points)
    {
        List<int> composed = new(points.Count);
        int starter = -1;
        int lastClass = 0;
        foreach (int point in points)
        {
            int combiningClass = Data.Value.Class(point);
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

        StringBuilder text = new(composed.Count);
        composed.ForEach(point => text.Append(new Rune(point).ToString()));
        return text.ToString();
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

        return Data.Value.Compositions.TryGetValue((first, second), out int whole) ? whole : null;
    }

    /// <summary>The rows of <c>unicode-composition.txt</c>; its head says how it is written.</summary>
    private sealed class Table
    {
        private readonly Dictionary<int, int> _classes = [];

        public Dictionary<int, int[]> Decompositions { get; } = [];

        public Dictionary<(int First, int Second), int> Compositions { get; } = [];

        public int Class(int point) => point < 0x300 ? 0 : _classes.GetValueOrDefault(point);

        public static Table Load()
        {
            Table table = new();
            using Stream stream = typeof(UnicodeNormalization).Assembly.GetManifestResourceStream("SafeVision.Policies.unicode-composition.txt")!;
            using StreamReader reader = new(stream);
            while (reader.ReadLine() is string line)
            {
                string[] words = line.Split(' ');
                switch (words[0])
                {
                    case "c":
                        table.AddClass(words[1], words[2]);
                        break;
                    case "d":
                        table.Decompositions.Add(Hex(words[1]), [.. words[2..].Select(Hex)]);
                        break;
                    case "p":
                        table.Compositions.Add((Hex(words[2]), Hex(words[3])), Hex(words[1]));
                        break;
                }
            }

            return table;
        }

        private void AddClass(string combiningClass, string range)
        {
            string[] ends = range.Split('-');
            for (int point = Hex(ends[0]); point <= Hex(ends[^1]); point++)
            {
                _classes.Add(point, int.Parse(combiningClass, CultureInfo.InvariantCulture));
            }
        }

        private static int Hex(string digits) => int.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }
}
