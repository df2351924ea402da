using System.Numerics.Tensors;

namespace SafeVision.Models.Generation;

/// <summary>
/// Scores every choice as the continuation of a sequence. One token each: one look at the logits. For each longer choice its
/// tokens are run once more as one chunk, and then taken back.
/// </summary>
internal sealed class ChooseJob : DecoderJob
{
    private readonly TokenTrie _choices;
    private readonly double[][] _scores;
    private readonly int _base;
    private int _current = -1;

    public ChooseJob(DecoderSlot slot, TokenTrie choices)
        : base(slot)
    {
        (_choices, _base) = (choices, slot.Tokens.Count);
        _scores = [.. choices.Choices.Select(choice => new double[choice.Length])];
    }

    /// <summary>The result, once the job is done.</summary>
    public ChoiceScores Scores => new(_choices, _scores);

    public override int Keep => _current < 0 ? 1 : _choices.Choices[_current].Length - 1;

    public override bool Advance(Span<float> logits)
    {
        if (_current < 0)
        {
            _base = Slot.Tokens.Count;
            double total = LogSumExp(logits);
            for (int i = 0; i < _scores.Length; i++)
            {
                _scores[i][0] = logits[_choices.Choices[i][0]] - total;
            }
        }
        else
        {
            int[] choice = _choices.Choices[_current];
            int vocabulary = logits.Length / (choice.Length - 1);
            for (int i = 1; i < choice.Length; i++)
            {
                Span<float> row = logits.Slice((i - 1) * vocabulary, vocabulary);
                _scores[_current][i] = row[choice[i]] - LogSumExp(row);
            }

            Slot.Truncate(_base);
        }

        while (++_current < _scores.Length)
        {
            if (_choices.Choices[_current] is { Length: > 1 } next)
            {
                Slot.Tokens.Append(next.AsSpan(0, next.Length - 1));
                return false;
            }
        }

        return true;
    }

    private static double LogSumExp(ReadOnlySpan<float> logits)
    {
        float highest = TensorPrimitives.Max(logits);
        double sum = 0;
        Span<float> part = stackalloc float[256];
        for (int start = 0; start < logits.Length; start += part.Length)
        {
            ReadOnlySpan<float> some = logits.Slice(start, Math.Min(part.Length, logits.Length - start));
            TensorPrimitives.Subtract(some, highest, part[..some.Length]);
            TensorPrimitives.Exp(part[..some.Length], part[..some.Length]);
            sum += TensorPrimitives.Sum<float>(part[..some.Length]);
        }

        return highest + Math.Log(sum);
    }
}
