namespace SafeVision.VisionLanguage.Generation;

/// <summary>Work on one sequence that takes one run of the decoder or several.</summary>
internal abstract class DecoderJob(DecoderSlot slot)
{
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public DecoderSlot Slot { get; } = slot;

    /// <summary>Tokens that stand in the sequence before the job begins.</summary>
    public ReadOnlyMemory<int> PendingTokens { get; init; }

    /// <summary>Completes when the job is done, failed or cancelled.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Ends the job within one run.</summary>
    public CancellationToken CancellationToken { get; set; }

    /// <summary>How many of the last pending tokens the job wants logits of, at least 1.</summary>
    public virtual int Keep => 1;

    /// <summary>Takes the logits, [keep, vocabulary], which it may overwrite, and says whether the job is done; else it has appended tokens.</summary>
    public abstract bool Advance(Span<float> logits);

    public void Succeed() => _completion.TrySetResult();

    public void Fail(Exception exception) => _completion.TrySetException(exception);

    public void Cancel() => _completion.TrySetCanceled(CancellationToken);
}

/// <summary>Scores every choice as the continuation of a sequence, up to where it can no longer be taken for another.
/// Choices that part at their first token: one look at the logits. Else each beginning that choices have in common is
/// run once more as one chunk, and then taken back.</summary>
internal sealed class ChooseJob : DecoderJob
{
    private readonly ChoiceSet _choices;
    private readonly double[][] _scores;
    private readonly Queue<int[]> _beginnings;
    private int _base;
    private int[]? _current;

    public ChooseJob(DecoderSlot slot, ChoiceSet choices)
        : base(slot)
    {
        _choices = choices;
        _scores = [.. choices.DecidingTokens.Select(tokens => new double[tokens])];
        _beginnings = new Queue<int[]>(Beginnings(choices));
    }

    /// <summary>The result, once the job is done.</summary>
    public ChoiceScores Scores => new(_choices, _scores);

    public override int Keep => _current?.Length ?? 1;

    public override bool Advance(Span<float> logits)
    {
        if (_current is null)
        {
            _base = Slot.Tokens.Count;
            Score([], 0, logits);
        }
        else
        {
            int vocabulary = logits.Length / _current.Length;
            for (int i = 0; i < _current.Length; i++)
            {
                Score(_current.AsSpan(0, i + 1), i + 1, logits.Slice(i * vocabulary, vocabulary));
            }

            Slot.Truncate(_base);
        }

        if (!_beginnings.TryDequeue(out _current))
        {
            return true;
        }

        Slot.Tokens.Append(_current);
        return false;
    }

    /// <summary>What has to be run: the tokens before each choice's last one that decides, but none that is the beginning of another.</summary>
    private static List<int[]> Beginnings(ChoiceSet choices)
    {
        var beginnings = new List<int[]>();
        foreach (int[] beginning in choices.Choices.Zip(choices.DecidingTokens, (choice, tokens) => choice[..(tokens - 1)]).OrderByDescending(beginning => beginning.Length))
        {
            if (beginning.Length > 0 && !beginnings.Exists(longer => longer.AsSpan().StartsWith(beginning)))
            {
                beginnings.Add(beginning);
            }
        }

        return beginnings;
    }

    /// <summary>Scores the next token of every choice that begins so.</summary>
    private void Score(ReadOnlySpan<int> beginning, int token, ReadOnlySpan<float> logits)
    {
        double total = LogSumExp(logits);
        for (int i = 0; i < _scores.Length; i++)
        {
            int[] choice = _choices.Choices[i];
            if (_scores[i].Length > token && choice.AsSpan().StartsWith(beginning))
            {
                _scores[i][token] = logits[choice[token]] - total;
            }
        }
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

/// <summary>Lets the model write, likeliest token first.</summary>
/// <param name="slot">The sequence.</param>
/// <param name="vocabulary">How many ids the tokenizer has; graphs pad their vocabulary with more.</param>
/// <param name="forbidden">Ids that may not be written.</param>
/// <param name="accept">Takes each token and says whether the model may go on. Called on the scheduler's thread.</param>
internal sealed class WriteJob(DecoderSlot slot, int vocabulary, IReadOnlyList<int> forbidden, Func<int, bool> accept) : DecoderJob(slot)
{
    public override bool Advance(Span<float> logits)
    {
        Span<float> known = logits[..Math.Min(vocabulary, logits.Length)];
        foreach (int id in forbidden)
        {
            if (id < known.Length)
            {
                known[id] = float.NegativeInfinity;
            }
        }

        int next = TensorPrimitives.IndexOfMax(known);
        if (!accept(next) || Slot.Tokens.Count == Slot.Cache.Capacity)
        {
            return true;
        }

        Slot.Tokens.Append([next]);
        return false;
    }
}
