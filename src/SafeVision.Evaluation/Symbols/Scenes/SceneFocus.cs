using SafeVision.Evaluation.Datasets;

namespace SafeVision.Evaluation.Symbols.Scenes;

/// <summary>What a picture is to be about: a category, or none. So classes are in balance whatever is drawn.</summary>
internal sealed class SceneFocus(IReadOnlyList<string> categories, double safeShare, long seed, DatasetSplit split)
{
    /// <summary>The category of a picture; null: a harmless one.</summary>
    /// <remarks>
    /// Of the first n pictures n times the safe share are harmless, and of the others every category has its turn once
    /// before any has it again, in an order that is shuffled each time: counts of any two categories differ by one at most.
    /// </remarks>
    public string? this[int index]
    {
        get
        {
            int safeBefore = (int)Math.Floor(index * safeShare);
            if ((int)Math.Floor((index + 1) * safeShare) > safeBefore)
            {
                return null;
            }

            int turn = index - safeBefore;
            var random = new SeededRandom(seed, (long)split, turn / categories.Count, -1);
            return categories[random.Permutation(categories.Count)[turn % categories.Count]];
        }
    }
}
