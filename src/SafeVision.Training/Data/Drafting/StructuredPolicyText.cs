namespace SafeVision.Training.Data.Drafting;

/// <summary>Reads a policy from a text that is structured already. A heading (<c># Name</c>, <c>**Name**</c>, or a line
/// that ends with a colon or is followed by bullets, and is no sentence right under a marked heading) begins a
/// category; its bullets are what it includes, those after a line such as "Not included:" what it excludes; other lines
/// say what it protects. Or each line is an object of the paper's policy files.</summary>
internal static partial class StructuredPolicyText
{
    public static IReadOnlyList<CategoryText> Read(string text)
    {
        string[] lines = text.TrimStart('\uFEFF').ReplaceLineEndings("\n").Split('\n');
        if (lines.Any(line => line.TrimStart().StartsWith('{')))
        {
            return [.. lines.Select((line, i) => (line, i)).Where(pair => !string.IsNullOrWhiteSpace(pair.line)).Select(pair => FromPaper(pair.line, pair.i + 1))];
        }

        List<Draft> drafts = [];
        bool hasTitle = lines.Count(line => line.TrimStart().StartsWith("# ", StringComparison.Ordinal)) == 1;
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            Draft? current = drafts.LastOrDefault();
            if (line.Length == 0 || Rule().IsMatch(line))
            {
                continue;
            }

            string? after = lines.Skip(i + 1).FirstOrDefault(next => !string.IsNullOrWhiteSpace(next));
            if (Bullet().Match(line) is { Success: true } bullet)
            {
                (current ?? throw Error(i, "there is a bullet before any heading; put the category's name above it")).Add(Plain(bullet.Groups[1].Value));
            }
            else if (Exclusion().Match(line) is { Success: true } exclusion)
            {
                RequireList(i, line, exclusion, after);
                (current ?? throw Error(i, "exclusions stand before any heading; put the category's name above them")).Turn(excludes: true, exclusion.Groups[1].Value);
            }
            else if (Inclusion().Match(line) is { Success: true } inclusion && current is not null)
            {
                RequireList(i, line, inclusion, after);
                current.Turn(excludes: false, inclusion.Groups[1].Value);
            }
            else if ((current is not { IsOpen: true } || Marked().IsMatch(line)) && HeadingOf(line, after) is { } heading)
            {
                bool isTitle = drafts.Count == 0 && hasTitle && line.StartsWith("# ", StringComparison.Ordinal);
                drafts.Add(new Draft(Plain(heading), i, isMarked: Marked().IsMatch(line) && !isTitle));
            }
            else if (current is not null)
            {
                current.Protects.Append(current.Protects.Length > 0 ? " " : "").Append(Purpose().Replace(line, "").Trim());
            }
        }

        // A heading without phrases above others is the title of the whole.
        Draft[] categories = [.. drafts.Where((draft, i) => draft.Includes.Count > 0 || draft.Excludes.Count > 0 || i == drafts.Count - 1)];
        return categories.GroupBy(draft => IdOf(draft.Name), StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1) is { } twice
            ? throw Error(twice.ElementAt(1).Line, $"'{twice.ElementAt(1).Name}' was a heading before, in line {twice.First().Line + 1}; put all its bullets under one")
            : categories.FirstOrDefault(draft => draft.Includes.Count == 0) is { } empty
            ? throw Error(empty.Line, $"the category '{empty.Name}' has no bullet that says what it includes. Prose is for a model: 'safevision data policy' with --chat")
            : categories.Length == 0 ? throw Error(0, "there is no heading with bullets under it. Prose is for a model: 'safevision data policy' with --chat")
            : [.. categories.Select(draft => new CategoryText(IdOf(draft.Name), draft.Name, draft.Protects.ToString(), draft.Includes, draft.Excludes) { Line = draft.Line + 1 })];
    }

    private static CategoryText FromPaper(string line, int number)
    {
        try
        {
            PaperCategory read = JsonSerializer.Deserialize(line, DraftingJson.Default.PaperCategory) ?? throw Error(number - 1, "null is no category");
            string[] parts = PaperList().Split(read.Content, 2);
            string[] phrases = parts.Length == 2 ? [.. PaperBullet().Split(parts[1]).Select(phrase => phrase.Trim().TrimEnd('.', ';')).Where(phrase => phrase.Length > 0)] : [];
            string name = read.Class.Trim('<', '>', '|');
            return phrases.Length > 0
                ? new CategoryText(IdOf(name), name.Replace('_', ' '), Purpose().Replace(parts[0], "").Trim(), phrases, []) { Line = number }
                : throw Error(number - 1, "the content lists nothing after \"This class includes but is not limited to:\"");
        }
        catch (JsonException error)
        {
            throw new TrainingDataException($"line {number}: it is no object with class and content (byte {error.BytePositionInLine}).", error);
        }
    }

    private static string? HeadingOf(string line, string? next) =>
        Marked().Match(line) is { Success: true } marked ? marked.Groups.Values.Skip(1).First(group => group.Success).Value
        : line.Length <= 100 && (line.EndsWith(':') || (!line.EndsWith('.') && next is not null && Bullet().IsMatch(next.Trim()))) && !Purpose().IsMatch(line) ? line
        : null;

    private static string IdOf(string name)
    {
        var id = new StringBuilder();
        foreach (char letter in name.Normalize(NormalizationForm.FormD))
        {
            _ = char.IsAsciiLetterOrDigit(letter) ? id.Append(letter) : id.Length > 0 && id[^1] != '_' && !char.IsAsciiLetterOrDigit(letter) && char.GetUnicodeCategory(letter) != System.Globalization.UnicodeCategory.NonSpacingMark ? id.Append('_') : id;
        }

        string plain = id.ToString().TrimEnd('_');
        return HarmCategory.TryParse(plain, out HarmCategory? known) ? known.Id
            : plain.Length > 0 && char.IsAsciiLetter(plain[0]) ? plain[..Math.Min(plain.Length, 64)]
            : $"category_{plain}"[..Math.Min(plain.Length + 9, 64)];
    }

    /// <summary>What is included or excluded follows a colon or stands in bullets: of a sentence nothing would be kept.</summary>
    private static void RequireList(int place, string line, Match turn, string? after)
    {
        if (turn.Groups[1].Length == 0 && line.Contains(' ') && line[^1] is not (':' or '*') && (after is null || !Bullet().IsMatch(after.Trim())))
        {
            throw Error(place, "says in a sentence what is included or excluded; write it in bullets, or behind a colon");
        }
    }

    private static string Plain(string text) => text.Trim().Trim('*', '_', '`').TrimEnd(':', ';', '.').Trim();

    private static TrainingDataException Error(int line, string problem) => new($"line {line + 1}: {problem}.");

    private sealed class Draft(string name, int line, bool isMarked)
    {
        private bool _excludes;

        public string Name => name;

        public int Line => line;

        /// <summary>Whether it has a marked heading and no phrase yet: what stands there says what it protects.</summary>
        public bool IsOpen => isMarked && Includes.Count == 0 && Excludes.Count == 0;

        public StringBuilder Protects { get; } = new();
        public List<string> Includes { get; } = [];
        public List<string> Excludes { get; } = [];

        public void Add(string phrase)
        {
            if (phrase.Length > 0)
            {
                (_excludes ? Excludes : Includes).Add(phrase);
            }
        }

        /// <summary>What follows is included or excluded; it may stand in the same line, parted by semicolons or else by commas.</summary>
        public void Turn(bool excludes, string rest)
        {
            _excludes = excludes;
            foreach (string phrase in rest.Split(rest.Contains(';', StringComparison.Ordinal) ? ';' : ','))
            {
                Add(Plain(phrase));
            }
        }
    }

    [GeneratedRegex(@"^(?:[-*_=]\s*){3,}$")]
    private static partial Regex Rule();

    [GeneratedRegex(@"^(?:[-*+•‣–]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+(.+)$")]
    private static partial Regex Bullet();

    [GeneratedRegex(@"^#{1,6}\s+(.+?)\s*#*$|^\*\*(.+?)\*\*:?$|^__(.+?)__:?$")]
    private static partial Regex Marked();

    [GeneratedRegex(@"^(?:#+\s*|\*\*)?(?:(?:it |this |this (?:class|category|policy) )?(?:does|do) not (?:include|cover|apply to)|not (?:included|covered|forbidden)|excludes?|excluding|exclusions?|exceptions?|except(?: for)?|allowed(?: are| is)?|permitted)\b[^:]{0,80}(?::|\*\*:?|$)\s*(.*)$", RegexOptions.IgnoreCase)]
    private static partial Regex Exclusion();

    [GeneratedRegex(@"^(?:#+\s*|\*\*)?(?:(?:it |this |this (?:class|category|policy) )?(?:includes?|covers?)|included|forbidden(?: are| is)?|prohibited|examples?)\b[^:]{0,80}(?::|\*\*:?|$)\s*(.*)$", RegexOptions.IgnoreCase)]
    private static partial Regex Inclusion();

    [GeneratedRegex(@"^(?:\*\*)?(?:core value|purpose|protects|why|rationale)(?:\*\*)?\s*:\s*(?:\*\*)?\s*", RegexOptions.IgnoreCase)]
    private static partial Regex Purpose();

    [GeneratedRegex(@"This class includes but is not limited to:?", RegexOptions.IgnoreCase)]
    private static partial Regex PaperList();

    [GeneratedRegex(@"(?:^|\s)-\s+")]
    private static partial Regex PaperBullet();
}
