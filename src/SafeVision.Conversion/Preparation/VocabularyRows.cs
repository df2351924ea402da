using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Families.VisionLanguage;

namespace SafeVision.Conversion.Preparation;

/// <summary>
/// Gives new tokens their rows in the embedding and in the head. Each begins as the mean of its plain words' rows (Hewitt,
/// "Initializing New Word Embeddings for Pretrained Language Models", 2021). SafeVision's published code draws them from
/// N(0, 1) instead (xupy2003/SafeVision, ModelPreparation), about fifty times as long as trained rows, and never trains
/// them, so that their logits are noise.
/// </summary>
internal static class VocabularyRows
{
    /// <summary>
    /// The model with rows for the tokens of a plan. Rows that the checkpoint pads its vocabulary with are used first; all
    /// others stay what they are. An embedding that is the head too stays so.
    /// </summary>
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

    private static void Mean(WeightMatrix table, int[] parts, Span<float> mean)
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
            mean[i] = (float)(sum[i] / parts.Length);
        }
    }
}
