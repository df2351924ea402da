using System.IO.Compression;

namespace SafeVision.Training.Nano;

/// <summary>A word for several of the names: what the taxonomy says is a kind of it.</summary>
/// <param name="Word">The word, such as <c>vehicle</c>.</param>
/// <param name="Members">The names' numbers, sorted.</param>
internal sealed record NameGroup(string Word, IReadOnlyList<int> Members);

/// <summary>What SafeVision-Nano can be asked about: names of things that are drawn, words for groups of them, and all
/// other words of the taxonomy that mean one of those.</summary>
internal sealed class NanoWords
{
    private const int FewestMembers = 3;
    private const int MostMembers = 48; // of what has more kinds, such as an artifact, no policy speaks
    private const int MostMembersOfAToken = 24;

    private static readonly string[] s_containers = ["glass", "cup", "bottle", "piece", "joint", "loaf", "bag", "pair", "stack", "strand", "drop", "ball", "spool"];

    private readonly SortedDictionary<string, IReadOnlyList<int>> _meanings = new(StringComparer.Ordinal);
    private readonly HashSet<string> _exact = new(StringComparer.Ordinal); // words for the thing itself, not for a kind of things

    private NanoWords(IReadOnlyList<string> names) => (Names, NumberOf) = (names, names.Index().ToDictionary(name => name.Item, name => name.Index, StringComparer.Ordinal));

    /// <summary>The names.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The place of each name among them.</summary>
    public IReadOnlyDictionary<string, int> NumberOf { get; }

    /// <summary>The words for groups that the model learns as words of their own.</summary>
    public IReadOnlyList<NameGroup> Groups { get; private set; } = [];

    /// <summary>Words for groups that the model never learns: what they mean is put to it name by name.</summary>
    public IReadOnlyList<NameGroup> Unlearnt { get; private set; } = [];

    /// <summary>The names that are of one kind with a name, itself left out.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Siblings { get; private set; } = [];

    /// <summary>All words with the names that they mean.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<int>> Meanings => _meanings;

    /// <summary>Reads what the names mean.</summary>
    /// <param name="names">Nouns of <c>symbols.yaml</c>.</param>
    /// <param name="taxonomy">The taxonomy of SafeVision.Models.</param>
    public static NanoWords Read(IReadOnlyList<string> names, ModelPackage taxonomy)
    {
        string[][] lexicon = Rows(taxonomy, "lexicon.tsv");
        int[][] parents = [.. lexicon.Select(row => Numbers(row[2]))];
        var senses = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string[] row in Rows(taxonomy, taxonomy.Manifest.File))
        {
            senses[row[0]] = row[1];
        }

        var labels = Rows(taxonomy, "labels.tsv").Where(row => row[0] == "symbols").ToDictionary(row => row[2], row => Numbers(row[3]), StringComparer.Ordinal);
        int[] meaning = [.. names.Select(name => Meaning(name, labels, senses))];
        var members = new SortedDictionary<int, SortedSet<int>>(); // of each meaning the names that are kinds of it
        for (int name = 0; name < names.Count; name++)
        {
            foreach (int above in Above(meaning[name], parents))
            {
                (members.TryGetValue(above, out SortedSet<int>? known) ? known : members[above] = []).Add(name);
            }
        }

        var words = new NanoWords(names);
        foreach ((string word, string stored) in senses)
        {
            SortedSet<int>[] sets = [.. Numbers(stored).Where(members.ContainsKey).Select(one => members[one])];
            if (sets.Length == 1 && sets[0].Count <= MostMembers && stored.AsSpan().IndexOfAny('<', '~') < 0 && Numbers(stored).Length == 1)
            {
                words._meanings[word] = [.. sets[0]]; // a word of several meanings is not guessed at
                if (sets[0].Count == 1 && meaning[sets[0].Min] == Numbers(stored)[0])
                {
                    words._exact.Add(word);
                }
            }
        }

        NameGroup[] groups =
        [
            .. members.Where(entry => entry.Value.Count is >= FewestMembers and <= MostMembersOfAToken && words._meanings.TryGetValue(lexicon[entry.Key][1], out IReadOnlyList<int>? own) && own.SequenceEqual(entry.Value) && !names.Contains(lexicon[entry.Key][1]))
                .GroupBy(entry => string.Join(' ', entry.Value))
                .Select(same => new NameGroup(lexicon[same.MaxBy(entry => entry.Key).Key][1], [.. same.First().Value]))
                .OrderBy(group => group.Word, StringComparer.Ordinal),
        ];
        words.Groups = [.. groups.Where((_, i) => i % 4 != 3)];
        words.Unlearnt = [.. groups.Where((_, i) => i % 4 == 3)];
        words.Siblings = [.. names.Select((_, name) => Near(name, meaning[name], parents, members))];
        for (int name = 0; name < names.Count; name++)
        {
            words._meanings[names[name].ToLowerInvariant()] = [name];
            words._exact.Add(names[name].ToLowerInvariant());
        }

        words.AddPlurals(Rows(taxonomy, "irregular.tsv").GroupBy(row => row[1]).ToDictionary(rows => rows.Key, rows => rows.First()[0], StringComparer.Ordinal));
        return words;
    }

    /// <summary>Writes all words, as the engine reads them beside the model.</summary>
    public void Write(string path)
    {
        var tokens = Groups.ToDictionary(group => string.Join(' ', group.Members), group => Spelled(group.Word), StringComparer.Ordinal);
        File.WriteAllLines(path, ["word\tis\ttoken\tnames", .. _meanings.Select(entry =>
            $"{entry.Key}\t{(_exact.Contains(entry.Key) ? "name" : "kind")}\t{tokens.GetValueOrDefault(string.Join(' ', entry.Value))}\t{string.Join(' ', entry.Value.Select(name => Spelled(Names[name])))}")]);
    }

    /// <summary>A name or word as the model's tokenizer spells it: one token.</summary>
    public static string Spelled(string word) => word.Replace(' ', '_');

    private static IReadOnlyList<int> Near(int name, int meaning, int[][] parents, SortedDictionary<int, SortedSet<int>> members)
    {
        foreach (int above in Above(meaning, parents))
        {
            if (members[above].Count >= 4)
            {
                return [.. members[above].Where(other => other != name).Take(MostMembers)];
            }
        }

        return [];
    }

    /// <summary>A meaning and all above it, nearest first; nothing for -1.</summary>
    private static IEnumerable<int> Above(int meaning, int[][] parents)
    {
        var seen = new HashSet<int>();
        var queue = new Queue<int>(meaning < 0 ? [] : [meaning]);
        while (queue.TryDequeue(out int next))
        {
            if (seen.Add(next))
            {
                yield return next;
                Array.ForEach(parents[next], queue.Enqueue);
            }
        }
    }

    private static int Meaning(string name, Dictionary<string, int[]> labels, Dictionary<string, string> senses)
    {
        string[] parts = name.Split(" of ");
        string head = parts.Length == 2 && s_containers.Contains(parts[0].Split(' ')[^1]) ? parts[1] : parts[0];
        string[] candidates = parts.Length == 2 ? [name, head] : [name, name.Split(' ')[^1]];
        foreach (string candidate in candidates)
        {
            if (labels.TryGetValue(candidate.Replace(' ', '-'), out int[]? label) && label.Length > 0)
            {
                return label[0];
            }

            if (senses.TryGetValue(candidate, out string? stored) && Numbers(stored) is [int first, ..])
            {
                return first;
            }
        }

        return -1;
    }

    private void AddPlurals(Dictionary<string, string> irregular)
    {
        foreach ((string word, IReadOnlyList<int> members) in _meanings.ToArray())
        {
            string[] parts = word.Split(" of ", 2);
            string head = parts[0], plural = irregular.GetValueOrDefault(head) ?? (head switch
            {
                _ when head.EndsWith('y') && head.Length > 1 && !"aeiou".Contains(head[^2], StringComparison.Ordinal) => $"{head[..^1]}ies",
                _ when head.EndsWith('s') || head.EndsWith('x') || head.EndsWith('z') || head.EndsWith("ch", StringComparison.Ordinal) || head.EndsWith("sh", StringComparison.Ordinal) => $"{head}es",
                _ => $"{head}s",
            });
            string whole = parts.Length == 2 ? $"{plural} of {parts[1]}" : plural;
            if (_meanings.TryAdd(whole, members) && _exact.Contains(word))
            {
                _exact.Add(whole);
            }
        }
    }

    private static int[] Numbers(string text) => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(part => char.IsAsciiDigit(part[0])).Select(int.Parse)];

    /// <summary>The rows of a table, without its head.</summary>
    private static string[][] Rows(ModelPackage package, string file)
    {
        using Stream stream = package.Folder.OpenRead(file);
        using Stream plain = file.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(stream, CompressionMode.Decompress) : stream;
        using var reader = new StreamReader(plain);
        var rows = new List<string[]>();
        reader.ReadLine();
        while (reader.ReadLine() is { } line)
        {
            rows.Add(line.Split('\t'));
        }

        return [.. rows];
    }
}
