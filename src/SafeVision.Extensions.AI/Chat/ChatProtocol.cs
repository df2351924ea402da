using System.Text.Encodings.Web;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using SafeVision.VisionLanguage;

namespace SafeVision.Extensions.AI.Chat;

/// <summary>How a model that is served elsewhere is asked about a policy, and what it says means. Immutable and
/// thread-safe. A protocol of your own derives from <see cref="ChatQuestionProtocol"/>.</summary>
public abstract class ChatProtocol
{
    private protected ChatProtocol()
    {
    }

    /// <summary>Any model that follows instructions and sees images: one question, answered with JSON that says yes,
    /// unsure or no for each category (scores 1, 0.5 and 0) and gives a reason.</summary>
    public static ChatProtocol Instruct { get; } = new InstructChatProtocol();

    /// <summary>A guard that judges one rule at a time: one question for each category, answered with Yes or No (1 and 0); no reason.</summary>
    public static ChatProtocol YesNo { get; } = new YesNoChatProtocol();

    /// <summary>The name, for provenance.</summary>
    public abstract string Name { get; }

    /// <summary>An open guard in the very form that it was trained on, by a server that writes conversations in the
    /// checkpoint's chat template. Its scores are probabilities where <see cref="ChatClientEngineOptions.ReadTokens"/>
    /// finds them, else 1 and 0. What its template is given besides the messages stands in the request's additional
    /// properties, under <c>chat_template_kwargs</c>.</summary>
    /// <param name="name">One of <see cref="ServedGuard.Names"/>, such as <c>singguard</c>.</param>
    /// <param name="mode">Whether it says why, where it was trained to.</param>
    /// <param name="promptFile">The text of a prompt file with other words than the library's; null: none.</param>
    /// <exception cref="ModelLoadException">The name is not known, or the prompt file is not valid.</exception>
    public static ChatProtocol Guard(string name, VisionLanguageMode mode = VisionLanguageMode.Fast, string? promptFile = null) =>
        new GuardChatProtocol(ServedGuard.Create(name, mode, promptFile));

    internal abstract ChatJudge Prepare(SafetyPolicy policy);
}

/// <summary>A protocol of questions that are all known beforehand, each with the form of its answer and its reading.
/// Immutable and thread-safe.</summary>
/// <remarks>What is read are words, so a score is what a word stands for. An answer that breaks its form must throw: a
/// failure ends in the policy's <c>onFailure</c>, and never in "safe".</remarks>
#pragma warning disable RS0022 // protocols of one's own derive from this class, and from its base none
public abstract class ChatQuestionProtocol : ChatProtocol
#pragma warning restore RS0022
{
    /// <summary>Letters of every language stay readable; what could end a text, or open a tag or a mark of a conversation, is escaped.</summary>
    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.Create(Readable()) };

    /// <summary>The questions about every image. Together they must be about each category at most once; what none is about is not assessed.</summary>
    public abstract IReadOnlyList<ChatQuestion> Compile(SafetyPolicy policy);

    internal sealed override ChatJudge Prepare(SafetyPolicy policy) => new QuestionJudge(policy, Name, Compile(policy));

    /// <summary>Categories as a JSON list, each under a code: what a tenant wrote stands in JSON texts alone, in which
    /// no quote, line break, angle or square bracket, brace or bar stays as it is, so that it can neither end a text
    /// nor forge a heading, a tag or a mark of a conversation.</summary>
    /// <param name="categories">The categories with their codes.</param>
    protected static string Describe(IEnumerable<(string Code, SafetyCategory Category)> categories)
    {
        ArgumentNullException.ThrowIfNull(categories);
        var list = new JsonArray();
        foreach ((string code, SafetyCategory category) in categories)
        {
            var entry = new JsonObject { ["code"] = code, ["name"] = category.Name };
            if (category.Protects.Length > 0)
            {
                entry["purpose"] = category.Protects;
            }

            entry["includes"] = Phrases(category.Includes);
            if (category.Excludes.Count > 0)
            {
                entry["doesNotInclude"] = Phrases(category.Excludes);
            }

            list.Add(entry);
        }

        return list.ToJsonString(s_json);
    }

    private static JsonArray Phrases(IReadOnlyList<string> phrases) => [.. phrases.Select(phrase => (JsonNode)phrase)];

    private static TextEncoderSettings Readable()
    {
        var settings = new TextEncoderSettings(UnicodeRanges.All);
        settings.ForbidCharacters('<', '>', '[', ']', '{', '}', '|', '&', '\'', '"', '`', '\\', '#');
        return settings;
    }
}

/// <summary>One question about an image.</summary>
/// <param name="Instructions">The system's turn: what to do, the categories, and the form of the answer. The same for every image, so that a server can keep it.</param>
/// <param name="Request">What follows the image in the user's turn.</param>
/// <param name="Categories">The positions in the policy that the answer is about.</param>
/// <param name="Schema">The JSON schema of the answer, which is put to servers that can hold a model to one; null: plain text.</param>
/// <param name="Read">Reads an answer's text. Throws <see cref="FormatException"/> where it is not of the form.</param>
public sealed record ChatQuestion(string Instructions, string Request, IReadOnlyList<int> Categories, JsonElement? Schema, Func<string, ChatAnswer> Read);

/// <summary>What a model said.</summary>
/// <param name="Scores">One score for each of the question's categories, 0 to 1, in their order.</param>
/// <param name="Reason">The reason in its own words; null where it gave none.</param>
public sealed record ChatAnswer(IReadOnlyList<double> Scores, string? Reason);
