using System.Text.RegularExpressions;

namespace SafeVision.Cli;

/// <summary>Drafts a policy from a simple sentence: "no dogs, except poodles", "no guns, knives or drugs; no nudity".</summary>
internal static partial class PolicySentence
{
    private const int MostCategories = 32;

    /// <summary>The YAML of a policy with one category for each sentence.</summary>
    /// <exception cref="ArgumentException">A sentence does not say plainly what is forbidden; the message says how to say it.</exception>
    public static string Draft(string text)
    {
        string[] sentences = [.. SentenceEnd().Split(Bracket().Replace(text, ",")).Select(sentence => sentence.Trim()).Where(sentence => sentence.Length > 0)];
        if (sentences.Length is 0 or > MostCategories)
        {
            throw Unclear(text);
        }

        var yaml = new StringBuilder($"# Drafted from: {text.ReplaceLineEndings(" ").Trim()}\n# 'safevision policy show FILE' says what the default models can judge of it.\n");
        yaml.Append("policy: my-policy\nversion: \"1\"\nonFailure: block\ndefaults: { review: 0.35, block: 0.80, whenNotAssessed: review }\ncategories:\n");
        var ids = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (string sentence in sentences)
        {
            (string[] includes, string[] excludes) = Read(sentence);
            yaml.Append($"  - id: {Id(includes[0], ids)}\n    includes: [{List(includes)}]\n");
            yaml.Append(excludes.Length > 0 ? $"    excludes: [{List(excludes)}]\n" : "");
        }

        return yaml.ToString();
    }

    private static (string[] Includes, string[] Excludes) Read(string sentence)
    {
        string[] parts = Exception().Split(sentence);
        Match wanted = Forbids().Match(parts[0]);
        string[] includes = wanted.Success ? Items(wanted.Groups["what"].Value) : [];
        string[] excludes = parts.Length == 2 ? Items(parts[1]) : [];
        return includes.Length > 0 && parts.Length <= 2 && (parts.Length == 1 || excludes.Length > 0) && !includes.Concat(excludes).Any(Turning().IsMatch) ? (includes, excludes) : throw Unclear(sentence);
    }

    private static string[] Items(string list) =>
        [.. Separator().Split(list).Select(item => LeadingNo().Replace(item.Trim(), "").TrimEnd('!', '?', '.')).Where(item => item.Length > 0).Distinct(StringComparer.OrdinalIgnoreCase)];

    private static string Id(string phrase, HashSet<string> taken)
    {
        string plain = NotIdentifier().Replace(phrase.ToLowerInvariant(), "-").Trim('-');
        string id = plain.Length == 0 || !char.IsAsciiLetter(plain[0]) ? "category" : plain.Length > 40 ? plain[..40].Trim('-') : plain;
        string unique = id;
        for (int i = 2; !taken.Add(unique); i++)
        {
            unique = $"{id}-{i}";
        }

        return unique;
    }

    private static string List(string[] phrases) => string.Join(", ", phrases.Select(phrase => $"\"{phrase.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\""));

    private static ArgumentException Unclear(string text) => new(
        $"'{text}' does not say plainly what is forbidden. Say it like: \"no dogs, except poodles\" or \"no guns or knives; no nudity\", or write the policy yourself ('safevision policy new FILE').");

    [GeneratedRegex(@"[;\n]+|\.(?=\s|$)|(?:,\s*(?:and\s+|or\s+)?|\s+and\s+)(?=no\s)", RegexOptions.IgnoreCase)]
    private static partial Regex SentenceEnd();

    [GeneratedRegex(@"^\s*(no|block|forbid|disallow|ban|prohibit|reject|refuse|don'?t (allow|show( me)?))\s+(any\s+|all\s+)?(images? of\s+|pictures? of\s+|photos? of\s+)?(?<what>.+?)\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex Forbids();

    [GeneratedRegex(@"\s*,?\s*\b(?:except for|except|excluding|other than|apart from|but not|unless it is|unless they are)\b\s*", RegexOptions.IgnoreCase)]
    private static partial Regex Exception();

    [GeneratedRegex(@"\s*,\s*(?:and|or)\s+|\s*,\s*|\s+(?:and|or)\s+", RegexOptions.IgnoreCase)]
    private static partial Regex Separator();

    [GeneratedRegex("[()]")]
    private static partial Regex Bracket();

    /// <summary>What turns a list's meaning in a way that is not read here: "no cats, but tigers are fine".</summary>
    [GeneratedRegex(@"\b(but|only|unless|if|fine|ok|okay|allowed|permitted|welcome|not\s+(?!\w+ing\b))\b", RegexOptions.IgnoreCase)]
    private static partial Regex Turning();

    [GeneratedRegex(@"^(no|any|all)\s+", RegexOptions.IgnoreCase)]
    private static partial Regex LeadingNo();

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NotIdentifier();
}
