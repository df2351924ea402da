using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.Conversion.Preparation;

/// <summary>Which tokens a vocabulary gets, under which ids, and whose rows theirs begin as.</summary>
internal sealed class VocabularyPlan
{
    private const int MostTokens = 1024;

    private VocabularyPlan(IReadOnlyList<VocabularyAddition> added, int firstId) => (Added, FirstId) = (added, firstId);

    /// <summary>The tokens, by id; none that the tokenizer has already, in whatever upper and lower case.</summary>
    public IReadOnlyList<VocabularyAddition> Added { get; }

    /// <summary>The first new id, which is the number of ids that the tokenizer had.</summary>
    public int FirstId { get; }

    /// <exception cref="CheckpointException">The tokenizer can't be read, or a token can't be added to it.</exception>
    public static VocabularyPlan Create(string folder, IReadOnlyList<NewToken> tokens)
    {
        if (tokens.Count > MostTokens)
        {
            throw new CheckpointException($"{tokens.Count} new tokens are too many; at most {MostTokens} can be added at once.");
        }

        TextTokenizer tokenizer = Open(folder);
        var known = new HashSet<string>(tokenizer.AddedTokens.Select(token => token.Content), StringComparer.OrdinalIgnoreCase);
        var added = new List<VocabularyAddition>();
        foreach (NewToken token in tokens.Where(token => tokenizer.Find(token.Content) is null && known.Add(token.Content)))
        {
            if (token.Content.Length is 0 or > AddedToken.LongestContent || token.Content.Any(c => char.IsControl(c) || char.IsSurrogate(c)) || token.Content.Trim() != token.Content)
            {
                throw new CheckpointException($"The token '{token.Content}' can't be added: it must have from 1 to {AddedToken.LongestContent} characters, no control characters, and no space at its ends.");
            }

            int[] parts = tokenizer.Encode(token.PlainWords);
            added.Add(parts.Length > 0
                ? new VocabularyAddition(tokenizer.VocabularySize + added.Count, token.Content, parts)
                : throw new CheckpointException($"The token '{token.Content}' can't be added: '{token.PlainWords}' are no words to begin its rows from. Name some, as in \"{token.Content}=plain words\"."));
        }

        return new VocabularyPlan(added, tokenizer.VocabularySize);
    }

    /// <summary>Sees that a written folder's tokenizer has the tokens under their ids and reads each as one.</summary>
    /// <exception cref="CheckpointException">It does not.</exception>
    public void RequireIn(string folder)
    {
        TextTokenizer tokenizer = Open(folder);
        foreach (VocabularyAddition row in Added)
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
}

/// <summary>Gives new tokens their rows in the embedding and in the head. Each begins as the mean of its plain words' rows (Hewitt,
/// "Initializing New Word Embeddings for Pretrained Language Models", 2021). SafeVision's published code draws them from N(0, 1)
/// instead (xupy2003/SafeVision, ModelPreparation), about fifty times as long as trained rows, and never trains them, so that their
/// logits are noise.</summary>
internal static class VocabularyRows
{
    /// <summary>The model with rows for the tokens of a plan. Rows that the checkpoint pads its vocabulary with are used first; all
    /// others stay what they are. An embedding that is the head too stays so.</summary>
    /// <exception cref="CheckpointException">The checkpoint has fewer rows than its tokenizer has ids.</exception>
    public static TextDecoder Extend(TextDecoder text, VocabularyPlan plan)
    {
        if (plan.Added.Count == 0)
        {
            return text;
        }

        if (plan.FirstId > text.Embedding.Rows)
        {
            throw new CheckpointException($"'{text.Embedding.Name}': has {text.Embedding.Rows} rows, but the tokenizer has {plan.FirstId} ids, so the new tokens' rows would not be theirs. Take the tokenizer that belongs to the checkpoint.");
        }

        WeightMatrix embedding = Extend(text.Embedding, plan);
        Projection head = ReferenceEquals(text.Head.Weight, text.Embedding)
            ? text.Head with { Weight = embedding }
            : text.Head with { Weight = Extend(text.Head.Weight, plan) };
        return text with { Shape = text.Shape with { Vocabulary = embedding.Rows }, Embedding = embedding, Head = head };
    }

    private static WeightMatrix Extend(WeightMatrix table, VocabularyPlan plan)
    {
        int columns = table.Columns, count = plan.Added.Count, end = plan.FirstId + count;
        float[] rows = new float[count * columns];
        for (int i = 0; i < count; i++)
        {
            Mean(table, plan.Added[i].Parts, rows.AsSpan(i * columns, columns));
        }

        WeightMatrix added = WeightMatrix.From(StoredTensor.FromSingles(table.Name, [count, columns], rows));
        WeightMatrix before = table.Slice(table.Name, 0, plan.FirstId);
        return end < table.Rows
            ? WeightMatrix.Stack(table.Name, before, added, table.Slice(table.Name, end, table.Rows - end))
            : WeightMatrix.Stack(table.Name, before, added);
    }

    private static void Mean(WeightMatrix table, IReadOnlyList<int> parts, Span<float> mean)
    {
        float[] row = new float[table.Columns];
        double[] sum = new double[table.Columns];
        foreach (int part in parts)
        {
            table.ReadRows(part, row);
            for (int i = 0; i < row.Length; i++)
            {
                sum[i] += row[i];
            }
        }

        for (int i = 0; i < sum.Length; i++)
        {
            mean[i] = (float)(sum[i] / parts.Count);
        }
    }
}
