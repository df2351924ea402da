using SafeVision.Imaging;
using SafeVision.Policies;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Protocols;
using SafeVision.VisionLanguage.Tests.Fakes;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Tests.Protocols;

/// <summary>All that a protocol compiles from, for a model that exists only as a tokenizer and a conversation.</summary>
internal static class ProtocolBench
{
    private static readonly string[] s_control = ["<s>", "</s>", "<|user|>", "<|end|>", "<|model|>", "<image>"];

    /// <summary>A tokenizer with the conversation's marks and further added tokens.</summary>
    public static TextTokenizer Tokenizer(string[] added, params string[] words) => ByteTokenizer.Create([.. s_control, .. added], words);

    public static ProtocolContext Context(
        SafetyPolicy policy, TextTokenizer tokenizer, PromptWording wording, VisionLanguageMode mode = VisionLanguageMode.Fast, int contextLength = 100_000) =>
        new(policy, mode, "tiny", new VisionLanguageProfile
        {
            Family = "tiny",
            Images = new FourTokens(),
            ImageMark = "<image>",
            ImageToken = tokenizer.Find("<image>")!.Value,
            Conversation = new PlainConversation(),
            StopTokens = [tokenizer.Find("</s>")!.Value, tokenizer.Find("<|end|>")!.Value],
            ContextLength = contextLength,
        }, tokenizer, wording);

    /// <summary>A policy of categories with one phrase each, and where given one that is allowed.</summary>
    public static SafetyPolicy Policy(params (string Id, string Name, string Includes, string? Excludes)[] categories)
    {
        SafetyPolicyBuilder policy = SafetyPolicy.Define("test", "1");
        foreach ((string id, string name, string includes, string? excludes) in categories)
        {
            policy = policy.Category(id, category =>
            {
                SafetyCategoryBuilder named = category.Named(name).Includes(includes);
                _ = excludes is null ? named : named.Excludes(excludes);
            });
        }

        return policy.Build();
    }

    private sealed class PlainConversation : ConversationTemplate
    {
        public override PromptText Render(PromptText? system, IReadOnlyList<ConversationTurn> turns) => PromptText.Concat(
        [
            system ?? PromptText.Empty,
            PromptText.Trusted("<|user|>"),
            .. turns[^1].Parts.Select(part => part.Text ?? PromptText.Trusted("<image>\n")),
            PromptText.Trusted("<|end|><|model|>"),
        ]);
    }

    private sealed class FourTokens : IImagePreparation
    {
        public int ShortSide => 28;

        public int MaximumTokens => 4;

        public ImagePlan Plan(int width, int height) => new() { PixelShape = [1, 3, 28, 28], Tokens = 4, Text = "<image><image>\n<image><image>", Regions = [] };

        public void Write(ImageFrame frame, ImagePlan plan, Span<float> pixels) => throw new NotSupportedException();
    }
}
