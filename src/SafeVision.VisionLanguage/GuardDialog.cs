using SafeVision.VisionLanguage.Generation;
using SafeVision.VisionLanguage.Protocols;


namespace SafeVision.VisionLanguage;

/// <summary>One answer in the making, in a slot of the decoder. Nothing is computed before it is asked for.</summary>
internal sealed class GuardDialog(VisionLanguageModel model, DecoderSlot slot, TokenCount count) : IGuardDialog
{
    private readonly List<int> _said = []; // not yet told to the scheduler

    public async ValueTask<ChoiceScores> ChooseAsync(TokenTrie choices, CancellationToken cancellationToken)
    {
        var job = new ChooseJob(slot, choices) { Said = TakeSaid() };
        await model.Scheduler.RunAsync(job, cancellationToken).ConfigureAwait(false);
        return job.Scores;
    }

    public ValueTask AppendAsync(ReadOnlyMemory<int> ids, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        count.Wrote(ids.Length);
        _said.AddRange(ids.Span);
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
        })
        {
            Said = TakeSaid(),
        };
        await model.Scheduler.RunAsync(job, cancellationToken).ConfigureAwait(false);
        return written.End();
    }

    private int[] TakeSaid()
    {
        int[] said = [.. _said];
        _said.Clear();
        return said;
    }

    public ValueTask DisposeAsync()
    {
        model.Scheduler.Return(slot);
        return ValueTask.CompletedTask;
    }
}
