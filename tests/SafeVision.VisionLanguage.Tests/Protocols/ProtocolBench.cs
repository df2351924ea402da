using System.Text.Json;
using SafeVision.Imaging;
using SafeVision.Policies;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Protocols;
using SafeVision.VisionLanguage.Templates;
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
        SafetyPolicy policy, TextTokenizer tokenizer, PromptWording wording, VisionLanguageMode mode = VisionLanguageMode.Fast, int contextLength = 100_000,
        ConversationTemplate? conversation = null) =>
        new(policy, mode, "tiny", new VisionLanguageProfile
        {
            Family = "tiny",
            Images = new FourTokens(),
            ImageMark = "<image>",
            ImageToken = tokenizer.Find("<image>")!.Value,
            Conversation = conversation ?? OfGuard(wording.Protocol),
            StopTokens = [tokenizer.Find("</s>")!.Value, tokenizer.Find("<|end|>")!.Value],
            ContextLength = contextLength,
        }, tokenizer, wording);

    /// <summary>Two categories, one of which allows something.</summary>
    public static SafetyPolicy GunsAndGambling { get; } = Policy(("arms", "Guns", "firearms", "water pistols"), ("bets", "Gambling", "dice", null));

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

    /// <summary>A protocol's own wording with another limit on thoughts, and with variables.</summary>
    public static PromptWording Wording(string protocol, int thoughtTokens = 1024, string variables = "{}")
    {
        using Stream stream = typeof(PromptWording).Assembly.GetManifestResourceStream($"SafeVision.VisionLanguage.Prompts.{protocol}.yaml")!;
        using StreamReader reader = new(stream);
        string[] lines = [.. reader.ReadToEnd().Split('\n').Where(line => !line.StartsWith("maximumThoughtTokens", StringComparison.Ordinal))];
        return PromptWording.Parse(string.Join('\n', (string[])[.. lines, $"maximumThoughtTokens: {thoughtTokens}", $"variables: {variables}", ""]), protocol);
    }

    /// <summary>The conversation of a guard whose prompt stands in its template: that of the template goldens, with the bench's marks.</summary>
    public static ConversationTemplate OfGuard(string protocol, string imageMark = "<image>") => protocol switch
    {
        "singguard" => Golden("sing-guard", imageMark, ("<|vision_start|><|image_pad|><|vision_end|>", imageMark), ("<|im_end|>", "<|end|>"), ("<|im_start|>", "<|user|>")),
        "nemotron" => Golden("nemotron", imageMark, ("<start_of_image>", imageMark), ("<end_of_turn>", "<|end|>"), ("<start_of_turn>", "<|user|>")),
        _ => new PlainConversation(),
    };

    private static ConversationChatTemplate Golden(string name, string imageMark, params (string Mark, string Here)[] marks)
    {
        using JsonDocument goldens = JsonDocument.Parse(File.ReadAllBytes("Fixtures/templates/goldens.json"));
        string template = goldens.RootElement.GetProperty("cases").EnumerateArray().First(one => one.GetProperty("name").GetString() == name).GetProperty("template").GetString()!;
        foreach ((string mark, string here) in marks)
        {
            template = template.Replace(mark, here, StringComparison.Ordinal);
        }

        return OfTemplate(template, imageMark);
    }

    /// <summary>A conversation in a chat template.</summary>
    public static ConversationChatTemplate OfTemplate(string template, string imageMark) =>
        new(Template.Parse(template, new TemplateSource("bench")), new TemplateMap(), imageMark, imageMark + "\n", null);

    private sealed class PlainConversation : ConversationTemplate
    {
        public override PromptText Render(PromptText? system, IReadOnlyList<ConversationTurn> turns, TemplateMap? variables = null) => PromptText.Concat(
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
