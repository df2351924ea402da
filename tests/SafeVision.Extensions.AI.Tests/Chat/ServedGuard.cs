using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using OpenAI;
using SafeVision.Conversion.Tests.Hub;
using SkiaSharp;

namespace SafeVision.Extensions.AI.Tests.Chat;

/// <summary>A server of the OpenAI form on this machine, whose guard answers by the colours of the image that it is sent.</summary>
internal sealed class ServedGuard : IAsyncDisposable
{
    public const string Key = "sk-not-to-be-shown";

    private readonly LocalServer _server;

    public ServedGuard() => _server = new LocalServer(request => Interfere?.Invoke(request) ?? Answer(request));

    /// <summary>What is answered instead; null: nothing.</summary>
    public Func<LocalRequest, LocalReply?>? Interfere { get; set; }

    /// <summary>The word for every category; null: by the image.</summary>
    public string? Word { get; set; }

    /// <summary>The bodies of all requests.</summary>
    public JsonNode[] Asked => [.. _server.Requests.Select(request => JsonNode.Parse(request.Body)!)];

    /// <summary>The client that hosts use, without attempts of its own.</summary>
    public IChatClient Client() => new OpenAIClient(
        new ApiKeyCredential(Key), new OpenAIClientOptions { Endpoint = new Uri(_server.Address, "v1"), RetryPolicy = new ClientRetryPolicy(0) })
        .GetChatClient("served-guard").AsIChatClient();

    /// <summary>A whole answer.</summary>
    public static LocalReply Reply(string content, string finish = "stop", string? refusal = null) => new(200, new JsonObject
    {
        ["id"] = "1",
        ["object"] = "chat.completion",
        ["created"] = 1,
        ["model"] = "served-guard",
        ["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0,
            ["finish_reason"] = finish,
            ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = content, ["refusal"] = refusal },
        }),
        ["usage"] = new JsonObject { ["prompt_tokens"] = 100, ["completion_tokens"] = 20, ["total_tokens"] = 120 },
    }.ToJsonString())
    { Headers = { ["Content-Type"] = "application/json" } };

    /// <summary>The image of a request.</summary>
    public static byte[] ImageOf(JsonNode asked)
    {
        string address = asked["messages"]![1]!["content"]!.AsArray().Select(part => part!["image_url"]?["url"]?.GetValue<string>()).First(url => url is not null)!;
        return Convert.FromBase64String(address["data:image/jpeg;base64,".Length..]);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private LocalReply Answer(LocalRequest request)
    {
        JsonNode asked = JsonNode.Parse(request.Body)!;
        using SKBitmap image = SKBitmap.Decode(ImageOf(asked));
        SKColor colour = image.GetPixel(image.Width / 2, image.Height / 2);
        if (asked["response_format"]?["json_schema"]?["schema"]?["properties"] is not JsonObject properties)
        {
            return Reply(Word ?? (colour.Red > 127 ? "Yes" : "No"));
        }

        string[] words = ["no", "unsure", "yes"];
        var answer = new JsonObject();
        foreach ((string code, _) in properties)
        {
            answer[code] = code == "reason" ? $"The centre is {colour}." : Word ?? words[(colour.Red + answer.Count) % 3];
        }

        return Reply(answer.ToJsonString());
    }
}
