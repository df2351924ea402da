namespace SafeVision.Unicode;

/// <summary>The rows of <c>canonical-composition.txt</c>; its head says how it is written.</summary>
internal sealed class CanonicalComposition
{
    private static readonly Lazy<CanonicalComposition> Loaded = new(Load);

    private readonly Dictionary<int, int> _classes = [];

    private CanonicalComposition()
    {
    }

    /// <summary>The one table, read when it is first needed.</summary>
    public static CanonicalComposition Table => Loaded.Value;

    /// <summary>Each code point that decomposes, and the whole of what it decomposes to.</summary>
    public Dictionary<int, int[]> Decompositions { get; } = [];

    /// <summary>Each pair that composes in form C, and what it composes to.</summary>
    public Dictionary<(int First, int Second), int> Compositions { get; } = [];

    /// <summary>The canonical combining class; 0 for a starter.</summary>
    public int Class(int point) => point < 0x300 ? 0 : _classes.GetValueOrDefault(point);

    private static CanonicalComposition Load()
    {
        CanonicalComposition table = new();
        using Stream stream = typeof(CanonicalComposition).Assembly.GetManifestResourceStream("SafeVision.Unicode.canonical-composition.txt")!;
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
