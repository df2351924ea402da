using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;

namespace SafeVision.VisionLanguage.Served;

/// <summary>A conversation whose form only the server knows: it is kept in its parts, for the server's template to
/// write. To protocols it is one text, whose tokens are its UTF-8 bytes. Thread-safe.</summary>
internal sealed class ServedConversation : ConversationTemplate
{
    /// <summary>The tokens besides the bytes: where an answer ends, and the image.</summary>
    public const int End = 256, Image = 257;

    private const string EndMark = "<|answer-end|>", ImageMark = "<image>";

    private readonly ConcurrentDictionary<string, ServedPrompt> _prompts = new(StringComparer.Ordinal);

    /// <summary>Bytes of UTF-8, and the two tokens besides them.</summary>
    public static TextTokenizer Tokenizer { get; } = new(new TokenizerParts
    {
        AddedTokens = [new AddedToken(End, EndMark, IsSpecial: true), new AddedToken(Image, ImageMark, IsSpecial: true)],
        Normalizer = new SequenceNormalizer([]),
        Splitter = new SequenceSplitter([]),
        Vocabulary = new BytePairVocabulary(
            Enumerable.Range(0, 256).ToDictionary(value => ByteAlphabet.CharacterOf((byte)value).ToString()), new MergeTable(0), new BytePairOptions { IsByteLevel = true }),
        CreateDecoder = static () => new ByteLevelDecoder(),
    });

    /// <summary>What a model is to a protocol whose limits are the server's.</summary>
    public static VisionLanguageProfile Profile(ServedConversation conversation) => new()
    {
        Family = "served",
        Images = new AnyImage(),
        ImageMark = ImageMark,
        ImageToken = Image,
        Conversation = conversation,
        StopTokens = [End],
        ContextLength = int.MaxValue,
    };

    /// <summary>The parts of a prompt that was rendered here.</summary>
    public ServedPrompt PromptOf(GuardPrompt prompt) => _prompts[prompt.Text];

    // The server writes in the checkpoint's own template, which a protocol knows.
    public override bool Reads(string variable) => true;

    public override bool Writes(string mark) => true;

    public override PromptText Render(PromptText? system, IReadOnlyList<ConversationTurn> turns, TemplateMap? variables = null)
    {
        IReadOnlyList<ConversationPart> parts = turns[^1].Parts;
        PromptText words = PromptText.Concat([.. parts.Select(part => part.Text ?? PromptText.Empty)]);
        List<PromptText> readable = system is null ? [] : [system, PromptText.Trusted("\n\n")];
        readable.AddRange(parts.Select(part => part.Text ?? PromptText.Trusted(ImageMark)).SelectMany(part => new[] { part, PromptText.Trusted("\n") }));
        var given = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach ((string name, object? value) in variables ?? new TemplateMap())
        {
            PromptText text = value as PromptText ?? PromptText.Trusted(value is true ? "true" : "false");
            given[name] = value is bool ? value : Tokenless(text);
            readable.AddRange([PromptText.Trusted($"\n{name}: "), text]);
        }

        PromptText whole = PromptText.Concat([.. readable]);
        var prompt = new ServedPrompt(system is null ? null : Tokenless(system), Tokenless(words), parts[0].IsImage, given.ToFrozenDictionary(StringComparer.Ordinal)) { Readable = Tokenless(whole) };
        ServedPrompt kept = _prompts.GetOrAdd(whole.Text, prompt);
        return kept.System == prompt.System && kept.Text == prompt.Text && kept.IsImageFirst == prompt.IsImageFirst && kept.Variables.Count == given.Count
            ? whole
            : throw new ModelLoadException("Two prompts read the same and are not: the policy's words imitate a prompt. Write them otherwise.");
    }

    /// <summary>The text without control tokens in a stranger's words: tokenizers here recognise none there, but a
    /// server knows only one text. The tags among them (<c>&lt;start_of_turn&gt;</c>, <c>[INST]</c>) are taken
    /// apart by <see cref="PolicyWords"/>.</summary>
    private static string Tokenless(PromptText text)
    {
        var written = new StringBuilder(text.Text);
        foreach (PromptText.Range range in text.UntrustedRanges)
        {
            foreach (char bar in "|｜")
            {
                written.Replace($"<{bar}", $"‹{bar}", range.Start, range.Length).Replace($"{bar}>", $"{bar}›", range.Start, range.Length);
            }
        }

        return written.ToString();
    }

    private sealed class AnyImage : IImagePreparation
    {
        public int ShortSide => 1;

        public int MaximumTokens => 1;

        public ImagePlan Plan(int width, int height) => new() { PixelShape = ImmutableArray<long>.Empty, Tokens = 1, Text = ImageMark, Regions = [] };

        public void Write(ImageFrame frame, ImagePlan plan, Span<float> pixels) => throw new NotSupportedException("A served guard is sent the image itself.");
    }
}
