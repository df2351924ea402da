using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Families;

/// <summary>
/// A conversation in one of the layouts that InternVL's own configuration names: system sentence, then each turn between the mark of
/// who speaks and a separator (InternVL's conversation.py).
/// </summary>
internal sealed class ConversationLayout : ConversationTemplate
{
    private const string StockSentence = "你是由上海人工智能实验室联合商汤科技开发的书生多模态大模型，英文名叫InternVL, 是一个有用无害的人工智能助手。";
    private const string Sentence25 = "你是书生·万象，英文名是InternVL，是由上海人工智能实验室、清华大学及多家合作单位联合开发的多模态大语言模型。";

    private static readonly Dictionary<string, Layout> s_known = new(StringComparer.Ordinal)
    {
        ["internvl2_5"] = new(Sentence25, "<|im_start|>system\n", "<|im_start|>user\n", "<|im_start|>assistant\n", "<|im_end|>\n"),
        ["internlm2-chat"] = new(StockSentence, "<|im_start|>system\n", "<|im_start|>user\n", "<|im_start|>assistant\n", "<|im_end|>"),
        ["Hermes-2"] = new(StockSentence, "<|im_start|>system\n", "<|im_start|>user\n", "<|im_start|>assistant\n", "<|im_end|>"),
        ["phi3-chat"] = new(StockSentence, "<|system|>\n", "<|user|>\n", "<|assistant|>\n", "<|end|>"),
        ["internvl_zh"] = new("", "", "<human>: ", "<bot>: ", " ") { AssistantSeparator = "</s>", Answer = "<bot>:" },
    };

    private readonly Layout _layout;
    private readonly string _system;
    private readonly PromptText _imageMark;

    private ConversationLayout(Layout layout, string system, string imageMark) =>
        (_layout, _system, _imageMark) = (layout, system, PromptText.Trusted(imageMark));

    /// <summary>The names of the layouts that are known.</summary>
    public static IEnumerable<string> Names => s_known.Keys;

    /// <summary>A layout by its name; null for one that isn't known.</summary>
    /// <param name="name">The value of <c>template</c> in config.json.</param>
    /// <param name="system">The system sentence in place of the layout's own; null for that.</param>
    /// <param name="imageMark">What stands for a picture.</param>
    public static ConversationLayout? Find(string name, string? system, string imageMark) =>
        s_known.TryGetValue(name, out Layout? layout) ? new ConversationLayout(layout, system ?? layout.Sentence, imageMark) : null;

    public override PromptText Render(PromptText? system, IReadOnlyList<ConversationTurn> turns)
    {
        List<PromptText> parts = [PromptText.Trusted(_layout.System), system ?? PromptText.Trusted(_system), PromptText.Trusted(_layout.Separator)];
        foreach (ConversationTurn turn in turns)
        {
            parts.Add(PromptText.Trusted(turn.ByModel ? _layout.Assistant : _layout.User));
            for (int i = 0; i < turn.Parts.Count; i++)
            {
                parts.Add(turn.Parts[i].Text ?? _imageMark);
                if (turn.Parts[i].IsImage && i + 1 < turn.Parts.Count && !StartsLine(turn.Parts[i + 1]))
                {
                    parts.Add(PromptText.Trusted("\n")); // A picture is put before a question as "<image>\n".
                }
            }

            parts.Add(PromptText.Trusted(turn.ByModel ? _layout.AssistantSeparator ?? _layout.Separator : _layout.Separator));
        }

        return PromptText.Concat([.. parts, PromptText.Trusted(_layout.Answer ?? _layout.Assistant)]);
    }

    private static bool StartsLine(ConversationPart part) => part.Text?.Text.StartsWith('\n') == true;

    /// <summary>The fixed texts of a layout.</summary>
    private sealed record Layout(string Sentence, string System, string User, string Assistant, string Separator)
    {
        /// <summary>What ends a turn of the model; null: the separator.</summary>
        public string? AssistantSeparator { get; init; }

        /// <summary>What the answer is written behind; null: what stands before each turn of the model.</summary>
        public string? Answer { get; init; }
    }
}
