using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

// A tool may connect where its user says; the libraries open no connection.
#pragma warning disable RS0030

namespace SafeVision.Training.Cli;

/// <summary>A model that is served over the chat completions protocol of OpenAI, as llama.cpp, vLLM, Ollama and others speak it.</summary>
internal sealed class ServedChat : IChatClient
{
    private const int MostBytes = 16 << 20; // of an answer
    private const int ShortestSecret = 8; // servers that need no key are given a word for one, which may stand in any answer

    private readonly HttpClient _http;
    private readonly Uri _address;
    private readonly string? _key;

    public ServedChat(Uri address, string model, string? key)
    {
        (Model, _key, _address) = (model, key, new Uri($"{address.AbsoluteUri.TrimEnd('/')}/chat/completions"));
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromMinutes(5), MaxResponseContentBufferSize = MostBytes };
        _http.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
    }

    public string Model { get; }

    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var body = new JsonObject
        {
            ["model"] = Model,
            ["messages"] = new JsonArray([.. messages.Select(message => new JsonObject { ["role"] = message.Role.Value, ["content"] = new JsonArray([.. message.Contents.Select(Part)]) })]),
        };
        if (options?.Temperature is { } temperature)
        {
            body["temperature"] = temperature;
        }

        if (options?.MaxOutputTokens is { } most)
        {
            body["max_tokens"] = most;
        }

        if (options?.Seed is { } seed)
        {
            body["seed"] = seed;
        }

        if (options?.ResponseFormat is ChatResponseFormatJson { Schema: { } schema })
        {
            body["response_format"] = new JsonObject { ["type"] = "json_schema", ["json_schema"] = new JsonObject { ["name"] = "answer", ["strict"] = true, ["schema"] = JsonNode.Parse(schema.GetRawText()) } };
        }

        using HttpResponseMessage response = await _http.PostAsJsonAsync(_address, body, cancellationToken);
        string text = await response.Content.ReadAsStringAsync(cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            // A server may write back what it was sent, and this goes into records and logs.
            string words = _key is null ? text : text.Replace(_key, "(key)", StringComparison.Ordinal);
            throw new HttpRequestException($"{_address} answers {(int)response.StatusCode}: {words[..Math.Min(words.Length, 300)]}");
        }

        try
        {
            using JsonDocument answer = JsonDocument.Parse(text);
            string? words = answer.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();
            return new ChatResponse(new ChatMessage(ChatRole.Assistant, _key is { Length: >= ShortestSecret } ? words?.Replace(_key, "(key)", StringComparison.Ordinal) : words));
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            throw new HttpRequestException($"{_address} does not answer as the chat completions protocol has it: {error.Message}", error);
        }
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (ChatResponseUpdate update in (await GetResponseAsync(messages, options, cancellationToken)).ToChatResponseUpdates())
        {
            yield return update;
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose() => _http.Dispose();

    private static JsonNode Part(AIContent content) => content switch
    {
        TextContent text => new JsonObject { ["type"] = "text", ["text"] = text.Text },
        DataContent data => new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = data.Uri } },
        _ => throw new NotSupportedException($"A {content.GetType().Name} cannot be sent."),
    };
}

/// <summary><c>--chat</c>, <c>--chat-model</c>; the key comes from the environment, where it does not stand in a shell's history.</summary>
internal sealed class ChatOptionSet(string role)
{
    private const string KeyVariable = "SAFEVISION_CHAT_KEY";

    private readonly Option<string?> _address = new("--chat") { Description = $"A served model as {role}: the address of its chat completions, such as http://localhost:8080/v1. Images are sent there. A key is read from {KeyVariable}." };
    private readonly Option<string?> _model = new("--chat-model") { Description = "The served model's name." };

    public void AddTo(Command command)
    {
        command.Options.Add(_address);
        command.Options.Add(_model);
    }

    public ServedChat? Read(ParseResult parsed) => (parsed.GetValue(_address), parsed.GetValue(_model)) switch
    {
        (null, null) => null,
        (string address, string model) when Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0 => new ServedChat(uri, model, Environment.GetEnvironmentVariable(KeyVariable)),
        _ => throw new ArgumentException($"A served model needs --chat with an address of http or https without a password, and --chat-model with its name; a key stands in {KeyVariable}."),
    };
}
