using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Symbols.Icons;

namespace SafeVision.Evaluation.Symbols.Catalogue;

/// <summary>Finds the drawings that a line of symbols.yaml names, and says which split each belongs to.</summary>
/// <param name="sets">The sets to look in.</param>
/// <param name="isOwn">Whether they are the user's: then all is for testing, and every list of ids is looked up in them.</param>
internal sealed class SymbolSplits(IReadOnlyList<IconSet> sets, bool isOwn)
{
    private static readonly string[] s_emoji = ["fluent-emoji-flat", "twemoji", "noto"];

    /// <summary>The drawings of one list.</summary>
    /// <param name="key">The list's key: emoji, or a set's prefix.</param>
    /// <param name="ids">Ids between blanks, with ! for testing and ? for validating.</param>
    /// <param name="isNovel">Whether the thing has a novel category, and so stands in test pictures only.</param>
    public IEnumerable<Symbol> Find(string key, string ids, bool isNovel)
    {
        foreach (string marked in ids.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string id = marked.TrimEnd('!', '?');
            foreach (IconSet set in sets.Where(set => isOwn ? key == "emoji" || key == set.Prefix : key == "emoji" ? s_emoji.Contains(set.Prefix) : key == set.Prefix))
            {
                if (set.TryGet(id, out Icon? icon) && SplitOf(set.Prefix, marked[^1], isNovel) is { } split)
                {
                    yield return new Symbol(icon, split);
                }
            }
        }
    }

    private DatasetSplit? SplitOf(string prefix, char mark, bool isNovel) => prefix switch
    {
        _ when isOwn => DatasetSplit.Test,
        "twemoji" => isNovel ? null : DatasetSplit.Validation,
        _ when isNovel => DatasetSplit.Test,
        "fluent-emoji-flat" => DatasetSplit.Train,
        "mdi" or "game-icons" => mark switch { '!' => DatasetSplit.Test, '?' => DatasetSplit.Validation, _ => DatasetSplit.Train },
        _ => DatasetSplit.Test,
    };
}
