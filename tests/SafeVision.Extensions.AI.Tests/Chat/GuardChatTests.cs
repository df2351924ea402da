using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using SafeVision.Conversion.Tests.Hub;
using SafeVision.Extensions.AI.Chat;
using SafeVision.Inference;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;
using SafeVision.VisionLanguage.Served;

#pragma warning disable SCME0001 // the patch of a request is new in System.ClientModel

namespace SafeVision.Extensions.AI.Tests.Chat;

/// <summary>Open guards in their own forms before a server of the OpenAI form, through the client that hosts use.</summary>
public sealed class GuardChatTests : IAsyncDisposable
{
    private static readonly SafetyPolicy s_policy = SafetyPolicy.Define("pots", "1")
        .Category(HarmCategory.Weapons_Substance_Abuse, category => category.Named("Guns").Includes("firearms"))
        .Category("teapots", category => category.Named("Teapots").Includes("teapots").Excludes("cups"))
        .OnFailure(Decision.Block)
        .WhenNotAssessed(Decision.Allow)
        .Build();

    private static readonly Dictionary<string, (string Safe, string Unsafe)> s_answers = new()
    {
        ["singguard"] = ("safe\n<answer>Safe</answer>", "unsafe\n<answer>A. Guns</answer>"),
        ["policyshiftguard"] = ("false", "true | 01"),
        ["qwenguard"] = (Json("Safe", "NA: None applying"), Json("Unsafe", "O6: Weapons or Substance Abuse")),
        ["nemotron"] = ("User Safety: safe", "User Safety: unsafe\nSafety Categories: Guns"),
        ["shieldstral"] = ("no", "yes"),
        ["shieldgemma"] = ("No", "Yes"),
        ["safeguard"] = ("Safe", "A rifle. Unsafe"),
        ["guardreasoner"] = ("<think>x</think>\n<result>\nRequest: unharmful\nResponse: None\n</result>", "<think>x</think>\n<result>\nRequest: harmful\nResponse: None\n</result>"),
    };

    private readonly ServedGuard _server = new();
    private bool _unsafe;
    private bool _dropsVariables;
    private bool _counts = true;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Guards => [.. s_answers.Keys];

    [Theory]
    [MemberData(nameof(Guards))]
    public async Task A_guard_is_asked_in_its_form_and_its_verdict_decides(string guard)
    {
        Serve((asked, image) => Say(guard, asked, image));
        await using IImageGuardrail guardrail = Create(guard);

        GuardrailResult result = await guardrail.CheckAsync(Photos.Coffee, Token);
        Assert.Equal((Decision.Allow, null), (result.Decision, result.Failure));
        _unsafe = true;
        GuardrailResult harmful = await guardrail.CheckAsync(Photos.Coffee, Token);
        Assert.Equal((Decision.Block, null), (harmful.Decision, harmful.Failure));

        Assert.Equal(1, harmful.Findings[0].Score);
        Assert.Contains("without a probability", harmful.Findings[0].Reason, StringComparison.Ordinal);
        Assert.Equal($"openai at 127.0.0.1, protocol {(guard == "qwenguard" ? "llavaguard" : guard)}", result.Provenance.Models[0].Provider);
        JsonNode[] asked = [.. _server.Asked.Where(HasImage)];
        ServedPolicy compiled = VisionLanguage.Served.ServedGuard.Create(guard).Compile(s_policy);
        Assert.Equal(2 * compiled.Prompts.Count, asked.Length);
        foreach ((ServedPrompt prompt, JsonNode request) in compiled.Prompts.Zip(asked))
        {
            JsonArray user = request["messages"]!.AsArray()[^1]!["content"]!.AsArray();
            Assert.Equal(prompt.System is null ? 1 : 2, request["messages"]!.AsArray().Count);
            Assert.Equal(prompt.System, prompt.System is null ? null : TextOf(request["messages"]![0]!));
            Assert.Equal("image_url", user[0]!["type"]!.GetValue<string>());
            Assert.Equal(prompt.Text, user.Count > 1 ? user[1]!["text"]!.GetValue<string>() : "");
            Assert.Equal(prompt.Variables.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key}={JsonSerializer.Serialize(pair.Value)}"),
                (request["chat_template_kwargs"]?.AsObject() ?? []).OrderBy(pair => pair.Key).Select(pair => $"{pair.Key}={JsonSerializer.Serialize(pair.Value)}"));
            Assert.Null(request["logprobs"]);
        }

        // The guards that take the policy in a variable are tried once, with two texts and no image.
        Assert.Equal(compiled.Prompts.Any(prompt => prompt.Variables.Count > 0) ? 2 : 0, _server.Asked.Length - asked.Length);
    }

    [Theory]
    [MemberData(nameof(Guards))]
    public async Task Every_answer_that_is_not_of_the_form_is_the_policys_failure(string guard)
    {
        string answer = "";
        Serve((_, _) => ServedGuard.Reply(answer));
        await using IImageGuardrail guardrail = Create(guard);
        foreach (string hostile in (string[])["", "I can't help with that.", "{}", "yes and no", "null", "<|im_end|>", "User Safety:", "unsafe\n<answer>Z. Nothing</answer>", "true | 77"])
        {
            answer = hostile == "unsafe\n<answer>Z. Nothing</answer>" && guard == "safeguard" ? "" : hostile;
            GuardrailResult result = await guardrail.CheckAsync(Photos.Coffee, Token);
            Assert.Equal((Decision.Block, FailureReason.EngineError), (result.Decision, result.Failure?.Reason));
        }

        Serve((asked, image) => ServedGuard.Reply(s_answers[guard].Safe, "length"));
        Assert.Equal(FailureReason.EngineError, (await guardrail.CheckAsync(Photos.Cat, Token)).Failure?.Reason);
    }

    [Theory]
    [InlineData("singguard")]
    [InlineData("nemotron")]
    public async Task A_policy_that_does_not_reach_the_guard_is_seen_before_the_first_image(string guard)
    {
        Serve((asked, image) => Say(guard, asked, image));
        await using IImageGuardrail guardrail = Create(guard);
        await using IImageGuardrail trusting = Create(guard, options => options.TrustsTemplateVariables = true);

        _dropsVariables = true;
        GuardrailResult result = await guardrail.CheckAsync(Photos.Coffee, Token);
        Assert.Equal((Decision.Block, FailureReason.EngineError), (result.Decision, result.Failure!.Reason));
        Assert.Contains("does not reach the guard", result.Failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_server.Asked, HasImage);
        _counts = false;
        Assert.Contains("TrustsTemplateVariables", (await guardrail.CheckAsync(Photos.Coffee, Token)).Failure!.Message, StringComparison.Ordinal);
        Assert.Null((await trusting.CheckAsync(Photos.Coffee, Token)).Failure);
        Assert.Single(_server.Asked, HasImage);

        (_dropsVariables, _counts) = (false, true);
        Assert.Null((await guardrail.CheckAsync(Photos.Coffee, Token)).Failure);
    }

    [Fact]
    public async Task The_document_shows_how_probabilities_become_scores()
    {
        Serve((asked, image) => Reply("yes", [("yes", Math.Log(0.6)), ("no", Math.Log(0.3)), ("No", Math.Log(0.05))], asked));
        Microsoft.Extensions.AI.IChatClient client = _server.Client();
        SafetyPolicy policy = s_policy;

        #region guard
        // The OpenAI client sends what it knows; the rest is put into the body of its request.
        static ChatCompletionOptions Options(ChatOptions options)
        {
            var request = new ChatCompletionOptions { IncludeLogProbabilities = true, TopLogProbabilityCount = 20 };
            if (options.AdditionalProperties?.GetValueOrDefault("chat_template_kwargs") is { } variables)
            {
                request.Patch.Set("$.chat_template_kwargs"u8, JsonSerializer.SerializeToUtf8Bytes(variables));
            }

            return request;
        }

        static IReadOnlyList<ServedToken> Tokens(ChatResponse response) =>
        [
            .. ((ChatCompletion)response.RawRepresentation!).ContentTokenLogProbabilities.Select(token => new ServedToken(
                token.Token, token.LogProbability, [.. token.TopLogProbabilities.Select(other => KeyValuePair.Create(other.Token, (double)other.LogProbability))])),
        ];

        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
            .UsePolicy(policy)
            .UseChatClient(client, ChatProtocol.Guard("shieldstral"), options =>
            {
                options.Configure = chat => chat.RawRepresentationFactory = _ => Options(chat);
                options.ReadTokens = Tokens;
            }));
        #endregion

        GuardrailResult result = await guardrail.CheckAsync(Photos.Coffee, Token);
        Assert.Null(result.Failure);
        Assert.All(result.Findings, finding => Assert.Equal(0.6 / 0.9, finding.Score!.Value, 6));
        Assert.All(_server.Asked, asked => Assert.Equal((true, 20), (asked["logprobs"]!.GetValue<bool>(), asked["top_logprobs"]!.GetValue<int>())));

        Serve((asked, image) => Reply("yes", [("yes", 0.7)], asked));
        Assert.Equal(FailureReason.EngineError, (await guardrail.CheckAsync(Photos.Coffee, Token)).Failure?.Reason);
    }

    [Fact]
    public void A_guard_that_cannot_be_served_is_named_with_those_that_can() =>
        Assert.Contains("shieldgemma", Assert.Throws<ModelLoadException>(() => ChatProtocol.Guard("safevision")).Message, StringComparison.Ordinal);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static string Json(string rating, string category) => $$"""{"rating": "{{rating}}", "category": "{{category}}", "rationale": "x"}""";

    private static bool HasImage(JsonNode asked) => asked["messages"]!.AsArray().Any(message => message!["content"] is JsonArray parts && parts.Any(part => part!["type"]!.GetValue<string>() == "image_url"));

    private static string TextOf(JsonNode message) => message["content"] is JsonArray parts ? parts[0]!["text"]!.GetValue<string>() : message["content"]!.GetValue<string>();

    private LocalReply Say(string guard, JsonNode asked, bool image)
    {
        // Of two questions about one image, the first is about guns.
        bool isUnsafe = _unsafe && (guard is not ("shieldstral" or "shieldgemma" or "safeguard") || asked["messages"]!.AsArray()[^1]!["content"]!.AsArray()[^1]!["text"]!.GetValue<string>().Contains("firearms", StringComparison.Ordinal));
        return Reply(image ? isUnsafe ? s_answers[guard].Unsafe : s_answers[guard].Safe : "?", [], asked);
    }

    private LocalReply Reply(string text, (string Text, double LogProbability)[] first, JsonNode asked)
    {
        JsonNode reply = JsonNode.Parse(ServedGuard.Reply(text, HasImage(asked) ? "stop" : "length").Body)!;
        string kwargs = _dropsVariables ? "" : asked["chat_template_kwargs"]?.ToJsonString() ?? "";
        reply["usage"] = _counts ? new JsonObject { ["prompt_tokens"] = 100 + kwargs.Split(' ').Length, ["completion_tokens"] = 1, ["total_tokens"] = 101 + kwargs.Split(' ').Length } : null;
        if (first.Length > 0)
        {
            reply["choices"]![0]!["logprobs"] = new JsonObject
            {
                ["content"] = new JsonArray(new JsonObject
                {
                    ["token"] = first[0].Text,
                    ["logprob"] = first[0].LogProbability,
                    ["bytes"] = null,
                    ["top_logprobs"] = new JsonArray([.. first.Select(token => new JsonObject { ["token"] = token.Text, ["logprob"] = token.LogProbability, ["bytes"] = null })]),
                }),
                ["refusal"] = new JsonArray(),
            };
        }

        return new LocalReply(200, reply.ToJsonString()) { Headers = { ["Content-Type"] = "application/json" } };
    }

    private void Serve(Func<JsonNode, bool, LocalReply> answer) => _server.Interfere = request => JsonNode.Parse(request.Body)! is var asked ? answer(asked, HasImage(asked)) : null;

    private IImageGuardrail Create(string guard, Action<ChatClientEngineOptions>? configure = null) => ImageGuardrail.Create(builder => builder
        .UsePolicy(s_policy)
        .UseChatClient(_server.Client(), ChatProtocol.Guard(guard), options =>
        {
            options.Configure = chat => chat.RawRepresentationFactory = _ => WithVariables(chat);
            configure?.Invoke(options);
        })
        .WithTimeout(TimeSpan.FromSeconds(30)));

    private static ChatCompletionOptions WithVariables(ChatOptions chat)
    {
        var request = new ChatCompletionOptions();
        if (chat.AdditionalProperties?.GetValueOrDefault("chat_template_kwargs") is { } variables)
        {
            request.Patch.Set("$.chat_template_kwargs"u8, JsonSerializer.SerializeToUtf8Bytes(variables));
        }

        return request;
    }
}
