namespace SafeVision.Training.Nano;

/// <summary>What a question about a scene asks for.</summary>
internal enum NanoQuestionKind
{
    /// <summary>All that is there, in reading order.</summary>
    List,

    /// <summary>What is at a place.</summary>
    At,

    /// <summary>Where a thing is.</summary>
    Where,

    /// <summary>Whether each of several things, or kinds of things, is there, answered one by one.</summary>
    Check,

    /// <summary>Which of several things is there.</summary>
    Which,

    /// <summary>Which category of a policy the scene falls under, and what makes it so.</summary>
    Policy,
}

/// <summary>A word of a policy: a name, or a group of names.</summary>
/// <param name="Word">As the model reads it.</param>
/// <param name="Covers">The names that it covers.</param>
internal sealed record NanoEntry(string Word, IReadOnlySet<int> Covers);

/// <summary>A category of a policy.</summary>
/// <param name="Mark">Its mark.</param>
/// <param name="Includes">What falls under it.</param>
/// <param name="Excludes">What does not, though an include covers it.</param>
internal sealed record NanoCategory(string Mark, IReadOnlyList<NanoEntry> Includes, IReadOnlyList<NanoEntry> Excludes)
{
    /// <summary>Whether a name falls under it.</summary>
    public bool Takes(int name) => Includes.Any(entry => entry.Covers.Contains(name)) && !Excludes.Any(entry => entry.Covers.Contains(name));

    /// <summary>Its part of the prompt.</summary>
    public string Text => $"{Mark} {string.Join(' ', Includes.Select(entry => entry.Word))}{(Excludes.Count == 0 ? "" : $" except {string.Join(' ', Excludes.Select(entry => entry.Word))}")}";
}

/// <summary>A policy in names and groups.</summary>
/// <param name="Categories">In the order of the prompt.</param>
internal sealed record NanoPolicy(IReadOnlyList<NanoCategory> Categories)
{
    /// <summary>The prompt behind the image, the same in training and when the engine asks.</summary>
    public string Prompt => $" policy{string.Concat(Categories.Select(category => category.Text))}";

    /// <summary>The first category that a thing of the scene falls under, and the first such thing; null where there is none.</summary>
    public (NanoCategory Category, SceneThing Thing)? Judge(IReadOnlyList<SceneThing> things)
    {
        foreach (NanoCategory category in Categories)
        {
            if (things.FirstOrDefault(thing => category.Takes(thing.Name)) is { } thing)
            {
                return (category, thing);
            }
        }

        return null;
    }
}

/// <summary>Diverse questions about drawn scenes, with answers from their exact truth, as tokens.</summary>
internal sealed class NanoQuestions
{
    private const string Answer = "<|answer|>";
    private const string End = "<|end|>";

    private readonly NanoWords _words;
    private readonly TextTokenizer _tokenizer;
    private readonly NanoEntry[] _names;
    private readonly NanoEntry[] _groups;
    private readonly int[][] _groupsOf;
    private readonly string[] _places;

    /// <summary>A source of questions.</summary>
    /// <param name="words">What can be asked about.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="random">All choices.</param>
    public NanoQuestions(NanoWords words, TextTokenizer tokenizer, Random random)
    {
        (_words, _tokenizer, Random) = (words, tokenizer, random);
        _names = [.. words.Names.Select((name, i) => new NanoEntry(NanoWords.Spelled(name), new HashSet<int> { i }))];
        _groups = [.. words.Groups.Select(group => new NanoEntry(NanoWords.Spelled(group.Word), group.Members.ToHashSet()))];
        _groupsOf = [.. words.Names.Select((_, name) => Enumerable.Range(0, _groups.Length).Where(group => _groups[group].Covers.Contains(name)).ToArray())];
        _places = [.. NanoCheckpoint.Places];
    }

    /// <summary>All choices.</summary>
    public Random Random { get; set; }

    /// <summary>Whether policies may hold groups and exceptions yet.</summary>
    public bool HasGroups { get; set; }

    /// <summary>The entry of a name.</summary>
    public NanoEntry Name(int name) => _names[name];

    /// <summary>Questions of a kind: one, or two policies that differ by a name.</summary>
    public IEnumerable<TokenRow> Ask(NanoQuestionKind kind, IReadOnlyList<SceneThing> things)
    {
        switch (kind)
        {
            case NanoQuestionKind.List:
                return [Row(" list", Said(things.Select(thing => _names[thing.Name].Word)))];
            case NanoQuestionKind.At:
                string place = Random.Next(3) == 0 ? Pick(_places) : Spelled(Pick(things).Place);
                string[] found = [.. things.Where(thing => Spelled(thing.Place) == place).Select(thing => _names[thing.Name].Word)];
                return [Row($" at {place}", Said(found.Length == 0 ? ["nothing"] : found))];
            case NanoQuestionKind.Where:
                SceneThing wanted = Pick(things);
                return [Random.Next(5) == 0 ? Row($" where {_names[Absent(things)].Word}", (" nowhere", true)) : Row($" where {_names[wanted.Name].Word}", ($" {Spelled(wanted.Place)}", true))];
            case NanoQuestionKind.Check:
                return [Check(things)];
            case NanoQuestionKind.Which:
                int right = Pick(things).Name;
                int[] offered = Shuffle([right, .. Enumerable.Range(0, 3).Select(_ => Absent(things))]);
                return [Row($" which {string.Join(' ', offered.Select(name => _names[name].Word))}", ($" {_names[right].Word}", true))];
            default:
                (NanoPolicy forbids, NanoPolicy allows) = Pair(things);
                return Random.Next(2) == 0 ? [Row(forbids, things), Row(allows, things)] : [Row(Random.Next(2) == 0 ? forbids : allows, things)];
        }
    }

    /// <summary>A policy with its answer.</summary>
    public TokenRow Row(NanoPolicy policy, IReadOnlyList<SceneThing> things) => policy.Judge(things) is { } found
        ? Row(policy.Prompt, ($"{found.Category.Mark}{NanoCheckpoint.Reason} {_names[found.Thing.Name].Word} at {Spelled(found.Thing.Place)}", true))
        : Row(policy.Prompt, (NanoCheckpoint.Safe, true));

    /// <summary>A question up to where the answer begins, and what was answered so far.</summary>
    public TokenRow Open(string question, string answered = "") => Learnt([(question + Answer + answered, false)]);

    /// <summary>A policy that forbids a thing of the scene, and one that differs by a name or an exception and forbids nothing of it.</summary>
    public (NanoPolicy Forbids, NanoPolicy Allows) Pair(IReadOnlyList<SceneThing> things)
    {
        while (true)
        {
            (NanoPolicy forbids, NanoPolicy allows) = Draw(things);
            if (forbids.Judge(things) is not null && allows.Judge(things) is null)
            {
                return (forbids, allows);
            }
        }
    }

    /// <summary>The id of a word or mark.</summary>
    public int Id(string text) => _tokenizer.Encode(text) is [int id] ? id : throw new ArgumentException($"'{text}' is no word of the vocabulary.", nameof(text));

    private (NanoPolicy Forbids, NanoPolicy Allows) Draw(IReadOnlyList<SceneThing> things)
    {
        string[] marks = Shuffle(NanoCheckpoint.CategoryMarks);
        int count = Random.Next(1, marks.Length + 1), offending = Random.Next(count), target = Pick(things).Name;
        var categories = new NanoCategory[count];
        for (int i = 0; i < count; i++)
        {
            categories[i] = Harmless(marks[i], things, i == offending ? 0 : 1);
        }

        NanoCategory own = categories[offending];
        int place = Random.Next(own.Includes.Count + 1);
        NanoCategory With(IEnumerable<NanoEntry> includes, IEnumerable<NanoEntry>? excludes = null) =>
            own with { Includes = [.. own.Includes.Take(place), .. includes, .. own.Includes.Skip(place)], Excludes = [.. own.Excludes, .. excludes ?? []] };

        NanoCategory forbidding, allowing;
        if (HasGroups && _groupsOf[target].Length > 0 && Random.Next(3) == 0)
        {
            NanoEntry group = _groups[Pick(_groupsOf[target])];
            NanoEntry[] shown = [.. things.Where(thing => group.Covers.Contains(thing.Name)).Select(thing => _names[thing.Name])];
            NanoEntry[] other = Random.Next(2) == 0 ? [] : [.. Shuffle(group.Covers.Except(things.Select(thing => thing.Name))).Take(shown.Length).Select(name => _names[name])];
            (forbidding, allowing) = (With([group], other), other.Length > 0 || Random.Next(2) == 0 ? With([group], shown) : With([Group(things) ?? _names[Absent(things, target)]]));
        }
        else
        {
            (forbidding, allowing) = (With([_names[target]]), With([_names[Absent(things, target)]]));
        }

        if (Random.Next(8) == 0 && things.Count > 1)
        {
            int other = Pick(things).Name, slot = Random.Next(count); // a second violation: the first category counts
            NanoCategory also = slot == offending ? forbidding : categories[slot];
            (slot == offending ? ref forbidding : ref categories[slot]) = also with { Includes = [.. also.Includes, _names[other]] };
        }

        NanoPolicy Complete(NanoCategory category, bool isPlain) => new([.. categories.Select((one, i) => i == offending ? category : isPlain ? Without(one, things) : one)]);
        return (Complete(forbidding, isPlain: false), Complete(allowing, isPlain: true));
    }

    private static NanoCategory Without(NanoCategory category, IReadOnlyList<SceneThing> things) =>
        things.Any(thing => category.Takes(thing.Name)) && category.Includes.Count > 1 ? category with { Includes = [.. category.Includes.Take(category.Includes.Count - 1)] } : category;

    /// <summary>A category that nothing of the scene falls under.</summary>
    private NanoCategory Harmless(string mark, IReadOnlyList<SceneThing> things, int fewest)
    {
        var includes = new List<NanoEntry>();
        int wanted = fewest + (Random.Next(6) == 0 ? Random.Next(4, 8) : Random.Next(0, 4));
        while (includes.Count < wanted)
        {
            includes.Add((HasGroups && Random.Next(5) == 0 ? Group(things) : null) ?? _names[Absent(things)]);
        }

        return new NanoCategory(mark, includes, []);
    }

    /// <summary>A group that nothing of the scene belongs to.</summary>
    private NanoEntry? Group(IReadOnlyList<SceneThing> things)
    {
        NanoEntry group = Pick(_groups);
        return things.Any(thing => group.Covers.Contains(thing.Name)) ? null : group;
    }

    private TokenRow Check(IReadOnlyList<SceneThing> things)
    {
        var asked = new List<(NanoEntry Entry, bool IsThere)>();
        foreach (SceneThing thing in things)
        {
            asked.Add((_names[thing.Name], true));
            asked.Add((_names[Absent(things, thing.Name)], false));
            if (_groupsOf[thing.Name].Length > 0 && Random.Next(2) == 0)
            {
                asked.Add((_groups[Pick(_groupsOf[thing.Name])], true));
            }

            if (Group(things) is { } absent && Random.Next(2) == 0)
            {
                asked.Add((absent, false));
            }
        }

        return Learnt([($" check{Answer}", false), .. Shuffle(asked).SelectMany(one => new[] { ($" {one.Entry.Word}", false), (one.IsThere ? " yes" : " no", true) }), (End, true)]);
    }

    /// <summary>A name that the scene does not show; in a third of all cases one of a kind with what it shows.</summary>
    private int Absent(IReadOnlyList<SceneThing> things, int? near = null)
    {
        IReadOnlyList<int> siblings = _words.Siblings[near ?? Pick(things).Name];
        while (true)
        {
            int name = siblings.Count > 0 && Random.Next(3) == 0 ? Pick(siblings) : Random.Next(_names.Length);
            if (!things.Any(thing => thing.Name == name))
            {
                return name;
            }
        }
    }

    private TokenRow Row(string question, (string, bool) answer) => Learnt([(question + Answer, false), answer, (End, true)]);

    private TokenRow Learnt(IEnumerable<(string Text, bool IsLearnt)> pieces)
    {
        List<long> ids = [], labels = [];
        foreach ((string text, bool isLearnt) in pieces)
        {
            foreach (int id in _tokenizer.Encode(text))
            {
                ids.Add(id);
                labels.Add(isLearnt ? id : SupervisedObjective.Ignored);
            }
        }

        return new TokenRow(ids, labels);
    }

    private static (string, bool) Said(IEnumerable<string> words) => ($" {string.Join(' ', words)}", true);

    private static string Spelled(string place) => NanoWords.Spelled(place);

    private T Pick<T>(IReadOnlyList<T> items) => items[Random.Next(items.Count)];

    private T[] Shuffle<T>(IEnumerable<T> items)
    {
        T[] shuffled = [.. items];
        Random.Shuffle(shuffled);
        return shuffled;
    }
}
