using System.Text.RegularExpressions;

namespace SafeVision.Evaluation.Explanations;

/// <summary>
/// Whether a text names a thing: by its name, by the last word of it (a "wolf trap" is a trap), or by another word for that,
/// in the singular or plural. Words only: a text that says "no knife" names the knife.
/// </summary>
internal static partial class ReasonWords
{
    // Other words for what datasets of harm call things; each line is one meaning.
    private static readonly string[][] Meanings =
    [
        ["gun", "pistol", "revolver", "handgun", "firearm", "rifle", "shotgun", "carbine", "musket"],
        ["knife", "dagger", "blade", "machete", "cleaver", "switchblade"],
        ["bomb", "explosive", "grenade", "dynamite", "mine"],
        ["bullet", "ammunition", "cartridge", "ammo"],
        ["trap", "snare"],
        ["cage", "crate", "pen"],
        ["syringe", "needle", "injection"],
        ["pill", "tablet", "capsule", "medicine", "medication"],
        ["cigarette", "cigar", "tobacco", "smoking"],
        ["beer", "lager", "ale"],
        ["drink", "cocktail", "martini"],
        ["fire", "flame", "blaze", "burning"],
        ["wave", "tsunami", "flood"],
        ["tornado", "cyclone", "twister", "hurricane"],
        ["skull", "skeleton"],
        ["blood", "bleeding"],
        ["fist", "punch"],
        ["noose", "rope", "knot"],
        ["razor", "razorblade"],
        ["robber", "thief", "burglar", "bandit"],
        ["mask", "balaclava"],
        ["handcuff", "shackle", "manacle"],
        ["ballot", "vote", "voting"],
        ["dog", "puppy", "hound"],
        ["cat", "kitten"],
        ["pig", "piglet", "swine"],
        ["cow", "cattle", "bull"],
        ["chicken", "hen", "rooster"],
        ["dice", "die"],
        ["card", "cards"],
        ["money", "cash", "banknote", "bill"],
        ["coffin", "casket"],
        ["grave", "tombstone", "headstone"],
        ["phone", "smartphone", "mobile"],
        ["underwear", "lingerie", "briefs"],
        ["kiss", "lips"],
    ];

    private static readonly Dictionary<string, int> MeaningOf = Meanings
        .SelectMany((words, meaning) => words.Select(word => (Word: Singular(word), meaning)))
        .GroupBy(pair => pair.Word)
        .ToDictionary(group => group.Key, group => group.First().meaning);

    /// <summary>Whether the text names the thing.</summary>
    public static bool Names(string text, string thing)
    {
        string[] name = Split(thing);
        if (name.Length == 0)
        {
            return false;
        }

        string last = name[^1];
        return Split(text).Any(word => word == last || (MeaningOf.TryGetValue(word, out int one) && MeaningOf.TryGetValue(last, out int other) && one == other));
    }

    /// <summary>The words of a text in lower case and singular.</summary>
    public static string[] Split(string text) => [.. Word().Matches(text).Select(match => Singular(match.Value.ToLowerInvariant()))];

    // "glass", "bus" and "is" end in s and are no plurals; "knives" and "berries" change more than their end.
    private static string Singular(string word) => word switch
    {
        { Length: > 4 } when word.EndsWith("ies", StringComparison.Ordinal) => word[..^3] + "y",
        "knives" or "wives" or "lives" => word[..^3] + "fe",
        { Length: > 4 } when word.EndsWith("ves", StringComparison.Ordinal) => word[..^3] + "f",
        { Length: > 4 } when word.EndsWith("sses", StringComparison.Ordinal) || word.EndsWith("xes", StringComparison.Ordinal) || word.EndsWith("ches", StringComparison.Ordinal) || word.EndsWith("shes", StringComparison.Ordinal) => word[..^2],
        { Length: > 3 } when word.EndsWith('s') && word[^2] is not ('s' or 'u' or 'i') => word[..^1],
        _ => word,
    };

    [GeneratedRegex(@"\p{L}+", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
