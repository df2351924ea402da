using System.Globalization;
using System.Text.RegularExpressions;
using CsCheck;
using SafeVision.Policies;

namespace SafeVision.Tests.Policies;

/// <summary>Files that were valid until a hand slipped.</summary>
public sealed partial class PolicyMutationTests
{
    private const string Original = """
        policy: storefront
        version: "3"
        onFailure: review
        defaults: { review: 0.3, block: 0.7, whenNotAssessed: review }
        categories:
          - id: Sexual
            review: 0.2
            block: 0.6
          - id: Self_Harm
            whenNotAssessed: block
          - id: weapons
            name: Weapons
            protects: Buyers must not be offered arms.
            includes:
              - firearms and parts of them
              - "ammunition: all of it"
              - knives shown as weapons
            excludes: [kitchen knives in use in a kitchen, toys that are plainly toys]
            block: 0.9

        """;

    private static readonly string[] s_insertions =
    [
        " ", "  ", "\t", "\n", "\r", "-", "- ", ":", ": ", "#", " #", "'", "\"", ",", "[", "]", "{", "}", "&a ", "*a", "!a ", "%", "@", "|", ">", "?", "? ", "<<: ", "---\n", "...\n", "~",
        "0", "9", ".", "e", "a", "é", "\u0301", "\u200b", "\u00a0", "\ud83d", "\u0435", "null", "block", "allow", "id", "includes", "excludes:",
    ];

    private static readonly Gen<Func<string, string>> s_mutation = Gen.Select(Gen.Int[0, 5], Gen.Int[0, 10_000], Gen.Int[0, 10_000], Gen.OneOf(s_insertions))
        .Select((kind, first, second, insertion) => (Func<string, string>)(text => Mutate(text, kind, first, second, insertion)));

    [Fact]
    public void A_mutated_file_is_refused_or_holds_only_what_can_be_read_in_it() =>
        s_mutation.Array[1, 3].Select(mutations => mutations.Aggregate(Original, (text, mutate) => mutate(text))).Sample(text =>
        {
            try
            {
                return IsVisibleIn(text, SafetyPolicy.Parse(text));
            }
            catch (PolicyException exception)
            {
                return exception.Errors.All(error => error is { Line: > 0, Column: > 0, Message.Length: > 0 });
            }
        }, iter: 6_000, print: text => text);

    [Fact]
    public void An_empty_key_at_which_the_parser_loses_its_way_is_refused()
    {
        string text = Original.Replace("- id: weapons", "- : weapons", StringComparison.Ordinal);
        Assert.Contains("not valid YAML", Assert.Throws<PolicyException>(() => SafetyPolicy.Parse(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_wrong_letter_in_a_word_of_the_language_never_passes()
    {
        // Keys, decisions and built-in ids: every place where such a word stands, and every single slip in it.
        foreach (Match word in LanguageWord().Matches(Original))
        {
            foreach (string slip in Slips(word.Value))
            {
                string text = $"{Original[..word.Index]}{slip}{Original[(word.Index + word.Length)..]}";
                Assert.Throws<PolicyException>(() => SafetyPolicy.Parse(text));
            }
        }
    }

    [Fact]
    public void A_line_that_is_lost_is_an_error_or_a_line_of_the_policy_less()
    {
        SafetyPolicy whole = SafetyPolicy.Parse(Original);
        string[] lines = Original.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        for (int lost = 0; lost < lines.Length; lost++)
        {
            string text = string.Join('\n', lines.Where((_, index) => index != lost));
            try
            {
                Assert.NotEqual(whole.ContentHash, SafetyPolicy.Parse(text).ContentHash);
            }
            catch (PolicyException exception)
            {
                Assert.NotEmpty(exception.Errors);
            }
        }
    }

    private static IEnumerable<string> Slips(string word)
    {
        for (int index = 0; index < word.Length; index++)
        {
            yield return word.Remove(index, 1);
            yield return word.Insert(index, "x");
            yield return $"{word[..index]}{(word[index] == 'q' ? 'x' : 'q')}{word[(index + 1)..]}";
            if (index > 0 && char.ToUpperInvariant(word[index - 1]) != char.ToUpperInvariant(word[index]))
            {
                yield return $"{word[..(index - 1)]}{word[index]}{word[index - 1]}{word[(index + 1)..]}";
            }
        }
    }

    private static string Mutate(string text, int kind, int first, int second, string insertion)
    {
        int at = first % (text.Length + 1);
        List<string> lines = [.. text.Split('\n')];
        int line = first % lines.Count;
        switch (kind)
        {
            case 0:
                return text.Insert(at, insertion);
            case 1:
                return text.Remove(Math.Min(at, text.Length - 1), Math.Min(1 + (second % 4), text.Length - Math.Min(at, text.Length - 1)));
            case 2:
                lines.RemoveAt(line);
                break;
            case 3:
                lines.Insert(second % lines.Count, lines[line]);
                break;
            case 4:
                lines[line] = second % 2 == 0 ? $"  {lines[line]}" : lines[line].TrimStart(' ');
                break;
            default:
                (lines[line], lines[second % lines.Count]) = (lines[second % lines.Count], lines[line]);
                break;
        }

        return lines.Count == 0 ? " " : string.Join('\n', lines);
    }

    /// <summary>Whether a person who searches the text finds every category, phrase, threshold and decision of the policy.</summary>
    private static bool IsVisibleIn(string text, SafetyPolicy policy)
    {
        bool Stands(string words) => Word().Matches(PolicyText.Normalize(words, 4_000, out _)!).All(word => Normalized(text).Contains(word.Value, StringComparison.Ordinal));
        bool StandsNumber(double number) => number is SafetyCategory.DefaultReviewAt or SafetyCategory.DefaultBlockAt
            || Number().Matches(text).Any(match => double.TryParse(match.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value.Equals(number));
        bool StandsDecision(Decision? decision) => decision != Decision.Allow || text.Contains("allow", StringComparison.Ordinal);
        return Stands(policy.Name) && Stands(policy.Version) && StandsDecision(policy.OnFailure) && StandsDecision(policy.WhenNotAssessed)
            && policy.Categories.Count <= text.Split("id", StringSplitOptions.None).Length - 1
            && policy.Categories.All(category =>
                text.Contains(category.Id, StringComparison.OrdinalIgnoreCase)
                && StandsNumber(category.ReviewAt) && StandsNumber(category.BlockAt) && StandsDecision(category.WhenNotAssessed)
                && category.Includes.Concat(category.Excludes).All(phrase => Stands(phrase) || IsBuiltIn(category, phrase)));
    }

    private static bool IsBuiltIn(SafetyCategory category, string phrase) =>
        HarmCategory.TryParse(category.Id, out HarmCategory? known) && known.Definition.Includes.Concat(known.Definition.Excludes).Contains(phrase);

    private static string Normalized(string text) => SafeVision.Unicode.UnicodeNormalization.ToNfc(text.Replace("\ud83d", "", StringComparison.Ordinal));

    [GeneratedRegex(@"\b(policy|version|onFailure|defaults|categories|id|name|protects|includes|excludes|review|block|whenNotAssessed|Sexual|Self_Harm)\b")]
    private static partial Regex LanguageWord();

    [GeneratedRegex(@"[\p{L}\p{N}]+")]
    private static partial Regex Word();

    [GeneratedRegex(@"[0-9.eE+-]+")]
    private static partial Regex Number();
}
