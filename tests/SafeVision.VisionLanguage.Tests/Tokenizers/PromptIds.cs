using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.Tests;

internal static class PromptIds
{
    /// <summary>The ids of a prompt that no stranger wrote.</summary>
    public static int[] EncodePrompt(this TextTokenizer tokenizer, string text) => tokenizer.EncodePrompt(PromptText.Trusted(text));
}
