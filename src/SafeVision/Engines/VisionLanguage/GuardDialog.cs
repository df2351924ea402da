using SafeVision.Engines.VisionLanguage.Protocols;
using SafeVision.Models.Generation;
using SafeVision.Models.VisionLanguage;

namespace SafeVision.Engines.VisionLanguage;

/// <summary>One answer in the making, in a slot of the decoder. Nothing is computed before it is asked for.</summary>
internal sealed class GuardDialog(VisionLanguageModel model, DecoderSlot slot, TokenCount count) : IGuardDialog
{
    public async ValueTask<ChoiceScores> ChooseAsync(TokenTrie choices, CancellationToken cancellationToken)
    {
        var job = new ChooseJob(slot, choices);
        await model.Scheduler.RunAsync(job, cancellationToken).ConfigureAwait(false);
        return job.Scores;
    }

    public ValueTask AppendAsync(ReadOnlyMemory<int> ids, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        count.Wrote(ids.Length);
        model.Scheduler.Change(slot, changed => changed.Tokens.Append(ids.Span));
        return ValueTask.CompletedTask;
    }

    public async ValueTask<string> WriteAsync(TextLimits limits, Action<string>? text, CancellationToken cancellationToken)
    {
        var written = new LimitedText(model.Tokenizer.CreateTextStream(skipSpecial: true), limits, text);
        var job = new WriteJob(slot, model.Tokenizer.VocabularySize, model.Forbidden, id =>
        {
            if (model.Profile.StopTokens.Contains(id))
            {
                return false;
            }

            count.Wrote(1);
            return written.Append(id);
        });
        await model.Scheduler.RunAsync(job, cancellationToken).ConfigureAwait(false);
        return written.End();
    }

    public ValueTask DisposeAsync()
    {
        model.Scheduler.Return(slot);
        return ValueTask.CompletedTask;
    }
}
