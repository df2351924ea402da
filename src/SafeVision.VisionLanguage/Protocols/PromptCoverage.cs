using SafeVision.Assessments;
using SafeVision.Policies;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>
/// What of a policy stands in a prompt. A model can honour only what it reads, so coverage is taken from the rendered prompt and
/// not from what a prompt file is meant to hold.
/// </summary>
internal sealed class PromptCoverage
{
    private readonly List<string> _texts = [];
    private readonly HashSet<string> _whole = [];

    public PromptCoverage(PromptText conversation)
    {
        foreach (PromptText.Range range in conversation.Untrusted)
        {
            string text = conversation.Text.Substring(range.Start, range.Length);
            _texts.Add(text);
            _whole.Add(text);
        }
    }

    /// <summary>What of a category the model reads.</summary>
    /// <param name="category">The category, about which the model is asked.</param>
    /// <param name="answer">What the model says for it.</param>
    public CategoryCoverage Of(SafetyCategory category, string answer)
    {
        PhraseCoverage[] phrases =
        [
            .. category.Includes.Select(phrase => Read(phrase, PhraseRole.Include, answer)),
            .. category.Excludes.Select(phrase => Read(phrase, PhraseRole.Exclude, answer)),
        ];
        bool readsAll = Array.TrueForAll(phrases, phrase => phrase.Level == CoverageLevel.Full);
        bool readsAny = Array.Exists(phrases, phrase => phrase.Level == CoverageLevel.Full);
        return new CategoryCoverage(
            category.Id, readsAll ? CoverageLevel.Full : CoverageLevel.Partial, readsAny ? phrases : [Named(category, answer), .. phrases]);
    }

    /// <summary>The coverage of a category that the model was trained on as it is.</summary>
    public static CategoryCoverage Trained(SafetyCategory category, string answer) =>
        new(category.Id, CoverageLevel.Full, [Named(category, answer)]);

    /// <summary>The coverage of a category about which the model can't be asked.</summary>
    public static CategoryCoverage None(SafetyCategory category) => CategoryCoverage.None(category.Id, category.Includes);

    private static PhraseCoverage Named(SafetyCategory category, string answer) => new(category.Name, CoverageLevel.Full) { Labels = [answer] };

    private PhraseCoverage Read(string phrase, PhraseRole role, string answer) => Holds(phrase)
        ? new PhraseCoverage(phrase, CoverageLevel.Full) { Role = role, Labels = [answer] }
        : new PhraseCoverage(phrase, CoverageLevel.None) { Role = role, NotJudged = phrase };

    private bool Holds(string phrase) => _whole.Contains(phrase) || _texts.Exists(text => HoldsWords(text, phrase));

    /// <summary>Whether a text holds a phrase that is not a part of longer words.</summary>
    private static bool HoldsWords(string text, string phrase)
    {
        for (int at = text.IndexOf(phrase, StringComparison.Ordinal); at >= 0; at = text.IndexOf(phrase, at + 1, StringComparison.Ordinal))
        {
            int end = at + phrase.Length;
            if ((at == 0 || !char.IsLetterOrDigit(text[at - 1])) && (end == text.Length || !char.IsLetterOrDigit(text[end])))
            {
                return true;
            }
        }

        return false;
    }
}
