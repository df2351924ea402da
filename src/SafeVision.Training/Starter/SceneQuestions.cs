namespace SafeVision.Training.Starter;

/// <summary>What a question about a scene asks for.</summary>
public enum SceneQuestionKind
{
    /// <summary>All that is there, in reading order.</summary>
    List,

    /// <summary>What is at a place.</summary>
    At,

    /// <summary>Where a thing is.</summary>
    Where,

    /// <summary>Whether a thing is there.</summary>
    Presence,

    /// <summary>Whether each of several things is there, answered one by one.</summary>
    Check,

    /// <summary>Which of several things is there.</summary>
    Which,

    /// <summary>Which category of a policy the image falls under, and what makes it so.</summary>
    Policy,
}

/// <summary>A piece of an answer.</summary>
/// <param name="Text">Its words.</param>
/// <param name="IsLearnt">Whether the model is to say it; otherwise it is given.</param>
public readonly record struct AnswerPiece(string Text, bool IsLearnt);

/// <summary>A question about a scene with its exact answer.</summary>
/// <param name="Kind">What it asks for.</param>
/// <param name="Question">The text behind the image.</param>
/// <param name="Answer">What is to be answered.</param>
public sealed record SceneQuestion(SceneQuestionKind Kind, string Question, IReadOnlyList<AnswerPiece> Answer);

/// <summary>A policy in names: each category has a mark and the names that it forbids.</summary>
/// <param name="Categories">Mark and names, in the order of the prompt.</param>
public sealed record ScenePolicy(IReadOnlyList<(string Mark, IReadOnlyList<string> Names)> Categories)
{
    /// <summary>The mark of an image that falls under no category.</summary>
    public const string Safe = "<|SAFE|>";

    /// <summary>The mark before a reason.</summary>
    public const string Reason = "<|REASON|>";

    /// <summary>The prompt, the same in training and when the engine asks: see <see cref="StarterCheckpoint.PromptFile"/>.</summary>
    public string Prompt => $" policy{string.Concat(Categories.Select(category => $"{category.Mark} {string.Join(' ', category.Names)}"))} ?";

    /// <summary>The mark that a scene calls for, and the name that makes it so; the safe mark and null where nothing is forbidden.</summary>
    public (string Mark, string? Name) Judge(IEnumerable<string> shown)
    {
        ArgumentNullException.ThrowIfNull(shown);
        HashSet<string> there = [.. shown];
        foreach ((string mark, IReadOnlyList<string> names) in Categories)
        {
            if (names.FirstOrDefault(there.Contains) is { } name)
            {
                return (mark, name);
            }
        }

        return (Safe, null);
    }

    /// <summary>Whether the policy is kept for testing: a tenth of all, by a hash of which names stand together, so that no training question ever had it.</summary>
    public bool IsHeldOut
    {
        get
        {
            ulong hash = 14695981039346656037; // FNV-1a, the same on every machine
            foreach (char letter in string.Join('|', Categories.Select(category => string.Join(',', category.Names.Order(StringComparer.Ordinal))).Order(StringComparer.Ordinal)))
            {
                hash = (hash ^ letter) * 1099511628211;
            }

            return hash % 10 == 0;
        }
    }
}

/// <summary>Diverse questions about drawn scenes, with answers from their exact truth. The paper's claim is that such questions,
/// and not only those of the guard's task, keep a model able to see and to follow a policy (arXiv 2510.23960).</summary>
/// <param name="names">The names that scenes may show, each one word.</param>
/// <param name="marks">The marks that a policy's categories may have.</param>
/// <param name="random">The source of all choices.</param>
public sealed class SceneQuestions(IReadOnlyList<string> names, IReadOnlyList<string> marks, Random random)
{
    /// <summary>The words that the questions and answers use beside the names.</summary>
    public static IReadOnlyList<string> Words { get; } =
        ["policy", "?", "list", "at", "where", "is", "here", "check", "which", "of", "yes", "no", "nothing", "nowhere", "top", "bottom", "left", "right", "center"];

    /// <summary>A question of a kind.</summary>
    public SceneQuestion Ask(SceneQuestionKind kind, SymbolScene scene)
    {
        ArgumentNullException.ThrowIfNull(scene);
        SceneSymbol[] shown = [.. scene.Symbols.OrderBy(symbol => Math.Floor(3 * (symbol.Box.Y + (symbol.Box.Height / 2)))).ThenBy(symbol => symbol.Box.X)];
        string[] there = [.. shown.Select(symbol => symbol.Name).Distinct()];
        return kind switch
        {
            SceneQuestionKind.List => new(kind, " list", Said(there)),
            SceneQuestionKind.At => At(shown),
            SceneQuestionKind.Where => Where(shown),
            SceneQuestionKind.Presence => Presence(there),
            SceneQuestionKind.Check => Check(there),
            SceneQuestionKind.Which => Which(there),
            _ => Ask(Policy(there), there),
        };
    }

    /// <summary>The question of a policy about a scene.</summary>
    public static SceneQuestion Ask(ScenePolicy policy, IEnumerable<string> shown)
    {
        ArgumentNullException.ThrowIfNull(policy);
        (string mark, string? name) = policy.Judge(shown);
        return new(SceneQuestionKind.Policy, policy.Prompt, [new(name is null ? mark : $"{mark}{ScenePolicy.Reason} {name}", true)]);
    }

    /// <summary>A policy that forbids one of the things in the scene, or none of them; half and half, and never a held-out one.</summary>
    public ScenePolicy Policy(IReadOnlyList<string> shown)
    {
        while (true)
        {
            ScenePolicy policy = Draw(shown, isUnsafe: random.Next(2) == 0);
            if (!policy.IsHeldOut)
            {
                return policy;
            }
        }
    }

    /// <summary>A held-out policy that forbids a thing of the scene, and the same with another name in its place.</summary>
    public (ScenePolicy Forbids, ScenePolicy Allows) HeldOutPair(IReadOnlyList<string> shown)
    {
        while (true)
        {
            ScenePolicy policy = Draw(shown, isUnsafe: true);
            string offending = policy.Judge(shown).Name!;
            string[] free = [.. names.Except(shown).Except(policy.Categories.SelectMany(category => category.Names))];
            if (policy.IsHeldOut && free.Length > 0)
            {
                string other = free[random.Next(free.Length)];
                return (policy, new ScenePolicy([.. policy.Categories.Select(category => (category.Mark, (IReadOnlyList<string>)[.. category.Names.Select(name => name == offending ? other : name)]))]));
            }
        }
    }

    private ScenePolicy Draw(IReadOnlyList<string> shown, bool isUnsafe)
    {
        string[] absent = random.Shuffled(names.Except(shown));
        int count = random.Next(Math.Min(2, marks.Count), Math.Min(4, marks.Count) + 1), next = 0;
        string[] order = random.Shuffled(marks);
        var categories = new List<(string Mark, IReadOnlyList<string> Names)>();
        int offending = isUnsafe ? random.Next(count) : -1;
        for (int i = 0; i < count; i++)
        {
            List<string> own = i == offending ? [shown[random.Next(shown.Count)]] : [];
            int wanted = random.Next(1, marks.Count == 1 ? 5 : 3);
            while (own.Count < wanted && next < absent.Length)
            {
                own.Insert(random.Next(own.Count + 1), absent[next++]);
            }

            categories.Add((order[i], own));
        }

        return new ScenePolicy(categories);
    }

    private SceneQuestion At(SceneSymbol[] shown)
    {
        string place = random.Next(3) == 0 ? ImageTruth.Positions[random.Next(ImageTruth.Positions.Count)] : shown[random.Next(shown.Length)].Position;
        string[] found = [.. shown.Where(symbol => symbol.Position == place).Select(symbol => symbol.Name).Distinct()];
        return new(SceneQuestionKind.At, $" at {place}", Said(found.Length == 0 ? ["nothing"] : found));
    }

    private SceneQuestion Where(SceneSymbol[] shown)
    {
        SceneSymbol[] single = [.. shown.Where(symbol => shown.Count(other => other.Name == symbol.Name) == 1)];
        if (single.Length == 0 || random.Next(4) == 0)
        {
            return new(SceneQuestionKind.Where, $" where {random.Shuffled(names.Except(shown.Select(symbol => symbol.Name)))[0]}", Said(["nowhere"]));
        }

        SceneSymbol symbol = single[random.Next(single.Length)];
        return new(SceneQuestionKind.Where, $" where {symbol.Name}", Said([symbol.Position]));
    }

    private SceneQuestion Presence(string[] there)
    {
        bool isThere = random.Next(2) == 0;
        string name = isThere ? there[random.Next(there.Length)] : random.Shuffled(names.Except(there))[0];
        return new(SceneQuestionKind.Presence, $" is {name} here", Said([isThere ? "yes" : "no"]));
    }

    private SceneQuestion Check(string[] there)
    {
        string[] asked = random.Shuffled([.. there, .. random.Shuffled(names.Except(there)).Take(there.Length + 2)]);
        return new(SceneQuestionKind.Check, " check", [.. asked.SelectMany(name => new AnswerPiece[] { new($" {name}", false), new(there.Contains(name) ? " yes" : " no", true) })]);
    }

    private SceneQuestion Which(string[] there)
    {
        string right = there[random.Next(there.Length)];
        string[] offered = random.Shuffled([right, .. random.Shuffled(names.Except(there)).Take(3)]);
        return new(SceneQuestionKind.Which, $" which of {string.Join(' ', offered)}", Said([right]));
    }

    private static AnswerPiece[] Said(IEnumerable<string> words) => [new($" {string.Join(' ', words)}", true)];
}
