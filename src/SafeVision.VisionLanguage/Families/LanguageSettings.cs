using SafeVision.Inference;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Families;

/// <summary>What all families' text models have in common: ids, marks and lengths, wherever published files keep them.</summary>
internal static class LanguageSettings
{
    private const int LongestContext = 1 << 24;
    private const int MostStopTokens = 64;

    /// <summary>The most tokens that the text model was made for, or that its export takes.</summary>
    public static int ContextLength(ModelConfiguration configuration)
    {
        ConfigurationValue positions = Text(configuration)["max_position_embeddings"];
        ConfigurationValue exported = configuration.GenAI["model"]["context_length"];
        return exported.Exists
            ? Math.Min(exported.Integer(1, LongestContext), positions.Integer(1, LongestContext, LongestContext))
            : positions.Integer(1, LongestContext);
    }

    /// <summary>The ids that end an answer: those of generation_config.json, or of the text model where it has none, and the marks that end a turn.</summary>
    public static IReadOnlyList<int> StopTokens(ModelConfiguration configuration, TextTokenizer tokenizer, params ReadOnlySpan<string> endMarks)
    {
        var ids = new SortedSet<int>();
        foreach (ConfigurationValue value in (ReadOnlySpan<ConfigurationValue>)[configuration.Generation["eos_token_id"], configuration.GenAI["model"]["eos_token_id"]])
        {
            ids.UnionWith(Ids(value));
        }

        if (ids.Count == 0)
        {
            ids.UnionWith(Ids(Text(configuration)["eos_token_id"]));
        }

        foreach (string mark in endMarks)
        {
            if (tokenizer.Find(mark) is int id)
            {
                ids.Add(id);
            }
        }

        return ids.Count > 0
            ? [.. ids]
            : throw new ModelLoadException($"{configuration.Folder}: nothing says which token ends an answer. Copy generation_config.json ('eos_token_id') of the checkpoint here.");
    }

    /// <summary>The id of the token whose embedding is replaced by an image feature.</summary>
    /// <param name="configured">Where the family's configuration states it; may be missing.</param>
    /// <param name="tokenizer">Says which id the token has.</param>
    /// <param name="token">The token's text.</param>
    /// <exception cref="ModelLoadException">The two disagree, or neither knows it.</exception>
    public static int ImageToken(ConfigurationValue configured, TextTokenizer tokenizer, string token)
    {
        int? known = tokenizer.Find(token);
        if (!configured.Exists)
        {
            return known ?? throw configured.Wrong($"the id of the image token, since the tokenizer has no '{token}'");
        }

        int id = configured.Integer(0, int.MaxValue);
        return known is null || known == id ? id : throw configured.Wrong($"{known}, which is the id of '{token}' in the tokenizer");
    }

    /// <summary>
    /// How conversations are written down for the model, and the mark that stands in them for a picture: that of the candidates which a
    /// trial conversation with one picture has once.
    /// </summary>
    /// <param name="configuration">The model's files.</param>
    /// <param name="tokenizer">Says whether it puts a token in front of every text.</param>
    /// <param name="marks">The candidates, likeliest first.</param>
    /// <param name="otherwise">The family's chat template for folders without one; null where there is none.</param>
    /// <exception cref="ModelLoadException">The trial has none of the marks, or one several times: pictures would go missing.</exception>
    public static (ConversationTemplate Template, string Mark) Conversation(
        ModelConfiguration configuration, TextTokenizer tokenizer, IReadOnlyList<string> marks, string? otherwise)
    {
        foreach (string mark in marks)
        {
            ConversationTemplate template = ConversationTemplates.Read(
                configuration, mark, tokenizerWritesBeginning: tokenizer.BeginningOfText is not null, otherwise: otherwise);
            string trial = template.Render(null, [ConversationPart.Image, new ConversationPart(PromptText.Trusted("?"))]).Text;
            int first = trial.IndexOf(mark, StringComparison.Ordinal);
            if (first >= 0 && trial.IndexOf(mark, first + mark.Length, StringComparison.Ordinal) < 0)
            {
                return (template, mark);
            }
        }

        throw new ModelLoadException($"{configuration.Folder}: the conversation template does not write one mark for one picture. Known are {string.Join(", ", marks)}.");
    }

    private static ConfigurationValue Text(ModelConfiguration configuration) =>
        configuration.Config.Any("text_config", "llm_config") is { Exists: true } nested ? nested : configuration.Config;

    private static IEnumerable<int> Ids(ConfigurationValue value)
    {
        if (!value.Exists)
        {
            return [];
        }

        return value.IsArray ? value.Items(MostStopTokens).Select(id => id.Integer(0, int.MaxValue)) : [value.Integer(0, int.MaxValue)];
    }
}
