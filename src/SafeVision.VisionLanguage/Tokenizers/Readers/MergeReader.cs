using SafeVision.VisionLanguage.Tokenizers.Vocabularies;

namespace SafeVision.VisionLanguage.Tokenizers.Readers;

/// <summary>Looks up the merges of a byte-pair vocabulary.</summary>
internal static class MergeReader
{
    /// <param name="merges">The pairs in the order in which they are applied, each with what makes an error about it.</param>
    /// <param name="ids">The vocabulary.</param>
    public static MergeTable Read(IEnumerable<(string Left, string Right, Func<string, Exception> Wrong)> merges, Dictionary<string, int> ids)
    {
        MergeTable table = new(ids.Count);
        int rank = 0;
        foreach ((string left, string right, Func<string, Exception> wrong) in merges)
        {
            int whole = ids.TryGetValue(left + right, out int id) ? id : throw wrong($"the vocabulary has no {left + right}");
            table.Add(Require(left), Require(right), rank++, whole);

            int Require(string piece) => ids.TryGetValue(piece, out int found) ? found : throw wrong($"the vocabulary has no {piece}");
        }

        return table;
    }
}
