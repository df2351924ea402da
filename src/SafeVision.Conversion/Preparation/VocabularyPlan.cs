using SafeVision.Inference;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.Conversion.Preparation;

/// <summary>Which tokens a vocabulary gets, under which ids, and whose rows theirs begin as.</summary>
internal sealed class VocabularyPlan
{
    private const int MostTokens = 1024;

    private VocabularyPlan(IReadOnlyList<Row> added, int firstId) => (Added, FirstId) = (added, firstId);

    /// <summary>The tokens, by id; none that the tokenizer has already, in whatever upper and lower case.</summary>
    public IReadOnlyList<Row> Added { get; }

    /// <summary>The first new id, which is the number of ids that the tokenizer had.</summary>
    public int FirstId { get; }

    /// <param name="folder">The checkpoint's folder with its tokenizer.</param>
    /// <param name="tokens">The tokens that it should have.</param>
    /// <exception cref="CheckpointException">The tokenizer can't be read, or a token can't be added to it.</exception>
    public static VocabularyPlan Create(string folder, IReadOnlyList<NewToken> tokens)
    {
        if (tokens.Count > MostTokens)
        {
            throw new CheckpointException($"{tokens.Count} new tokens are too many; at most {MostTokens} can be added at once.");
        }

        TextTokenizer tokenizer = Open(folder);
        var known = new HashSet<string>(tokenizer.AddedTokens.Select(token => token.Content), StringComparer.OrdinalIgnoreCase);
        var added = new List<Row>();
        foreach (NewToken token in tokens.Where(token => tokenizer.Find(token.Content) is null && known.Add(token.Content)))
        {
            if (token.Content.Length is 0 or > ContentTrie.LongestContent || token.Content.Any(c => char.IsControl(c) || char.IsSurrogate(c)) || token.Content.Trim() != token.Content)
            {
                throw new CheckpointException($"The token '{token.Content}' can't be added: it must have from 1 to {ContentTrie.LongestContent} characters, no control characters, and no space at its ends.");
            }

            int[] parts = tokenizer.Encode(token.PlainWords);
            added.Add(parts.Length > 0
                ? new Row(tokenizer.VocabularySize + added.Count, token.Content, parts)
                : throw new CheckpointException($"The token '{token.Content}' can't be added: '{token.PlainWords}' are no words to begin its rows from. Name some, as in \"{token.Content}=plain words\"."));
        }

        return new VocabularyPlan(added, tokenizer.VocabularySize);
    }

    /// <summary>Sees that a written folder's tokenizer has the tokens under their ids and reads each as one.</summary>
    /// <exception cref="CheckpointException">It does not.</exception>
    public void RequireIn(string folder)
    {
        TextTokenizer tokenizer = Open(folder);
        foreach (Row row in Added)
        {
            if (tokenizer.Encode(row.Content) is not [int id] || id != row.Id)
            {
                throw new CheckpointException($"{folder}: the tokenizer does not read '{row.Content}' as the one token {row.Id} after it was added; its files contradict each other.");
            }
        }
    }

    /// <summary>The tokenizer of a folder.</summary>
    /// <exception cref="CheckpointException">It can't be read.</exception>
    public static TextTokenizer Open(string folder)
    {
        try
        {
            return TextTokenizer.Open(folder);
        }
        catch (ModelLoadException exception)
        {
            throw new CheckpointException(exception.Message, exception);
        }
    }

    /// <summary>One new token.</summary>
    /// <param name="Id">Its id, which is its row.</param>
    /// <param name="Content">The text that it stands for.</param>
    /// <param name="Parts">The ids of its plain words.</param>
    public sealed record Row(int Id, string Content, int[] Parts);
}
