namespace SafeVision.VisionLanguage;

/// <summary>One answer in the making, in a slot of the decoder. Nothing is computed before it is asked for.</summary>
internal sealed class GenerationSession(VisionLanguageModel model, DecoderSlot slot, TokenCount count) : IGenerationSession
{
    private readonly List<int> _pending = []; // not yet told to the scheduler

    public async ValueTask<ChoiceScores> ChooseAsync(ChoiceSet choices, CancellationToken cancellationToken)
    {
        var job = new ChooseJob(slot, choices) { PendingTokens = TakePending() };
        await model.Scheduler.RunAsync(job, cancellationToken).ConfigureAwait(false);
        return job.Scores;
    }

    public ValueTask AppendAsync(ReadOnlyMemory<int> ids, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        count.Wrote(ids.Length);
        _pending.AddRange(ids.Span);
        return ValueTask.CompletedTask;
    }

    public async ValueTask<WrittenText> WriteAsync(TextLimits limits, Action<string>? text, CancellationToken cancellationToken)
    {
        var written = new LimitedText(model.Tokenizer.CreateTextStream(skipSpecial: true), limits, text);
        int mark = limits.EndsAt is { } endsAt && model.Tokenizer.Find(endsAt) is { } known && model.Forbidden.Contains(known) ? known : -1; // a thought may end at an added token
        IReadOnlyList<int> forbidden = mark < 0 ? model.Forbidden : [.. model.Forbidden.Where(id => id != mark)];
        var job = new WriteJob(slot, model.Tokenizer.VocabularySize, forbidden, id =>
        {
            if (id == mark || model.Profile.StopTokens.Contains(id))
            {
                written.EndBy(id == mark ? TextEnd.Mark : TextEnd.Turn);
                return false;
            }

            count.Wrote(1);
            return written.Append(id);
        })
        {
            PendingTokens = TakePending(),
        };
        await model.Scheduler.RunAsync(job, cancellationToken).ConfigureAwait(false);
        return written.End();
    }

    private int[] TakePending()
    {
        int[] pending = [.. _pending];
        _pending.Clear();
        return pending;
    }

    public ValueTask DisposeAsync()
    {
        model.Scheduler.Return(slot);
        return ValueTask.CompletedTask;
    }
}

/// <summary>A model that looks at one image; counts the tokens that its prompts took.</summary>
internal sealed class GuardModel(VisionLanguageModel model, PromptImage image, TokenCount count) : IGuardModel
{
    public async ValueTask<IGenerationSession> OpenAsync(GuardPrompt prompt, CancellationToken cancellationToken)
    {
        TokenSequence tokens = Compose(prompt);
        if (tokens.Count >= model.Scheduler.Capacity)
        {
            throw new InvalidOperationException(
                $"The prompt has {tokens.Count} tokens, {image.Plan.Tokens} of them for the image; the model takes {model.Scheduler.Capacity}. Shorten the policy, or set MaximumTiles lower or MaximumTokens higher.");
        }

        DecoderSlot slot = await model.Scheduler.TakeAsync(tokens, cancellationToken).ConfigureAwait(false);
        try
        {
            count.Read(tokens.Count, slot.Cache.Length);
            if (slot.Cache.Length < tokens.Images[0].End)
            {
                slot.Features = [await image.FeaturesAsync(cancellationToken).ConfigureAwait(false)];
            }

            return new GenerationSession(model, slot, count);
        }
        catch
        {
            model.Scheduler.Return(slot);
            throw;
        }
    }

    /// <summary>The prompt's tokens with the image's in their place. A guard that answers about the text because the image got lost
    /// is the worst failure that there is, so number and place are checked every time.</summary>
    private TokenSequence Compose(GuardPrompt prompt)
    {
        int[] ids = prompt.Joined?.Encode(image.Plan) ?? [.. prompt.Before, .. model.Tokenizer.Encode(image.Plan.Text), .. prompt.After];
        int mark = model.Profile.ImageToken;
        int first = Array.IndexOf(ids, mark), last = Array.LastIndexOf(ids, mark), marks = ids.Count(id => id == mark);
        if (marks != image.Plan.Tokens || marks == 0 || prompt.Before.Contains(mark) || prompt.After.Contains(mark))
        {
            throw new InvalidOperationException(
                $"The image should stand in the prompt with {image.Plan.Tokens} tokens of id {mark}, but stands there with {marks}, and {prompt.Before.Count(id => id == mark) + prompt.After.Count(id => id == mark)} stand elsewhere. The model's tokenizer and configuration don't belong together.");
        }

        return new TokenSequence(ids, [new ImageSpan(first, last - first + 1, image.Key, image.Plan)]);
    }
}
