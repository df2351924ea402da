using SafeVision.VisionLanguage;
using SafeVision.VisionLanguage.Generation;

namespace SafeVision.Benchmarks.Answering;

/// <summary>Answers by our engine: vision tower, scheduler, decoder.</summary>
internal sealed class OwnAnswers(VisionLanguageModel model)
{
    private UInt128 _picture;

    /// <summary>Answers about a picture that was never seen before.</summary>
    public async Task<AnswerTimes> AnswerAsync(Question question, int tokens)
    {
        TokenSequence sequence = question.Sequence(++_picture);
        var clock = Stopclock.Start();
        ImageFeatures features = await model.EncodeAsync(question.Plan, question.Pixels, CancellationToken.None).ConfigureAwait(false);
        DecoderSlot slot = await model.Scheduler.TakeAsync(sequence, CancellationToken.None).ConfigureAwait(false);
        try
        {
            slot.Features = [features];
            Lap first = default;
            await WriteAsync(slot, tokens, () => first = clock.Stop()).ConfigureAwait(false);
            Lap all = clock.Stop();
            return new AnswerTimes { First = first, Each = (all - first) / (tokens - 1), Tokens = tokens };
        }
        finally
        {
            model.Scheduler.Return(slot);
        }
    }

    /// <summary>Answers a prompt without a picture.</summary>
    public async Task<AnswerTimes> AnswerAsync(TokenSequence prompt, int tokens)
    {
        var clock = Stopclock.Start();
        DecoderSlot slot = await model.Scheduler.TakeAsync(prompt, CancellationToken.None).ConfigureAwait(false);
        try
        {
            Lap first = default;
            await WriteAsync(slot, tokens, () => first = clock.Stop()).ConfigureAwait(false);
            return new AnswerTimes { First = first, Each = (clock.Stop() - first) / (tokens - 1), Tokens = tokens };
        }
        finally
        {
            model.Scheduler.Return(slot);
        }
    }

    /// <summary>Several more answers about the last picture, all at once or one after the other; only the writing is timed.</summary>
    public async Task<Lap> WriteAsync(Question question, int answers, int tokens, bool atOnce)
    {
        var slots = new DecoderSlot[answers];
        for (int i = 0; i < answers; i++)
        {
            slots[i] = await model.Scheduler.TakeAsync(question.Sequence(_picture), CancellationToken.None).ConfigureAwait(false);
        }

        var clock = Stopclock.Start();
        if (atOnce)
        {
            await Task.WhenAll(slots.Select(slot => WriteAsync(slot, tokens, null))).ConfigureAwait(false);
        }
        else
        {
            foreach (DecoderSlot slot in slots)
            {
                await WriteAsync(slot, tokens, null).ConfigureAwait(false);
            }
        }

        Lap elapsed = clock.Stop();
        Array.ForEach(slots, model.Scheduler.Return);
        return elapsed;
    }

    private Task WriteAsync(DecoderSlot slot, int tokens, Action? first)
    {
        int written = 0;
        var job = new WriteJob(slot, model.Tokenizer.VocabularySize, model.Forbidden, _ =>
        {
            if (++written == 1)
            {
                first?.Invoke();
            }

            return written < tokens;
        });
        return model.Scheduler.RunAsync(job, CancellationToken.None);
    }
}
