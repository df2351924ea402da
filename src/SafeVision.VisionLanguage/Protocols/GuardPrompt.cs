using SafeVision.Inference;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>A prompt ready for any picture: the tokens before the picture and after it.</summary>
/// <param name="Text">The whole prompt with the image mark where the picture stands.</param>
/// <param name="Before">The ids before the picture, the one that begins every text included.</param>
/// <param name="After">The ids after the picture, up to where the answer begins.</param>
internal sealed record GuardPrompt(string Text, int[] Before, int[] After)
{
    /// <summary>Tokenises a rendered conversation around its picture.</summary>
    /// <remarks>The image mark is an added token or stands beside one, and text is cut there before it is tokenised, so the halves equal the whole.</remarks>
    /// <exception cref="ModelLoadException">The conversation does not hold the image mark exactly once outside a stranger's words.</exception>
    public static GuardPrompt Compile(PromptText conversation, VisionLanguageProfile profile, TextTokenizer tokenizer, string model)
    {
        int mark = -1;
        for (int at = conversation.Text.IndexOf(profile.ImageMark, StringComparison.Ordinal); at >= 0;
            at = conversation.Text.IndexOf(profile.ImageMark, at + profile.ImageMark.Length, StringComparison.Ordinal))
        {
            if (!conversation.IsTrusted(at, profile.ImageMark.Length))
            {
                continue;
            }

            if (mark >= 0)
            {
                throw new ModelLoadException($"{model}: the prompt holds the image mark '{profile.ImageMark}' twice; it must stand where the picture belongs and nowhere else.");
            }

            mark = at;
        }

        if (mark < 0)
        {
            throw new ModelLoadException($"{model}: the prompt doesn't hold the image mark '{profile.ImageMark}', so the picture would be missing from it. Correct the conversation template or the prompt file beside the model.");
        }

        int end = mark + profile.ImageMark.Length;
        int[] before = tokenizer.Encode(conversation.Slice(0, mark)), after = tokenizer.Encode(conversation.Slice(end, conversation.Text.Length - end));
        return new GuardPrompt(conversation.Text, tokenizer.BeginningOfText is { } beginning ? [beginning, .. before] : before, after);
    }
}
