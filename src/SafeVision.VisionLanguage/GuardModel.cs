using SafeVision.VisionLanguage.Generation;
using SafeVision.VisionLanguage.Protocols;


namespace SafeVision.VisionLanguage;

/// <summary>A model that looks at one picture; counts the tokens that its prompts took.</summary>
internal sealed class GuardModel(VisionLanguageModel model, PromptImage picture, TokenCount count) : IGuardModel
{
    public async ValueTask<IGuardDialog> OpenAsync(GuardPrompt prompt, CancellationToken cancellationToken)
    {
        TokenSequence tokens = Compose(prompt);
        if (tokens.Count >= model.Scheduler.Capacity)
        {
            throw new InvalidOperationException(
                $"The prompt has {tokens.Count} tokens, {picture.Plan.Tokens} of them for the picture; the model takes {model.Scheduler.Capacity}. Shorten the policy, or set MaximumTiles lower or MaximumTokens higher.");
        }

        DecoderSlot slot = await model.Scheduler.TakeAsync(tokens, cancellationToken).ConfigureAwait(false);
        try
        {
            count.Read(tokens.Count, slot.Cache.Length);
            if (slot.Cache.Length < tokens.Images[0].End)
            {
                slot.Features = [await picture.FeaturesAsync(cancellationToken).ConfigureAwait(false)];
            }

            return new GuardDialog(model, slot, count);
        }
        catch
        {
            model.Scheduler.Return(slot);
            throw;
        }
    }

    /// <summary>
    /// The prompt's tokens with the picture's in their place. A guard that answers about the text because the picture got
    /// lost is the worst failure that there is, so number and place are checked every time.
    /// </summary>
    private TokenSequence Compose(GuardPrompt prompt)
    {
        int[] image = model.Tokenizer.Encode(picture.Plan.Text);
        int mark = model.Profile.ImageToken;
        int first = Array.IndexOf(image, mark), last = Array.LastIndexOf(image, mark), marks = image.Count(id => id == mark);
        if (marks != picture.Plan.Tokens || marks == 0 || prompt.Before.Contains(mark) || prompt.After.Contains(mark))
        {
            throw new InvalidOperationException(
                $"The picture should stand in the prompt with {picture.Plan.Tokens} tokens of id {mark}, but stands there with {marks}, and {prompt.Before.Count(id => id == mark) + prompt.After.Count(id => id == mark)} stand elsewhere. The model's tokenizer and configuration don't belong together.");
        }

        var span = new ImageSpan(prompt.Before.Length + first, last - first + 1, picture.Key, picture.Plan);
        return new TokenSequence([.. prompt.Before, .. image, .. prompt.After], [span]);
    }
}
