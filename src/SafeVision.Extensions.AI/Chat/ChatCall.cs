namespace SafeVision.Extensions.AI.Chat;

/// <summary>What a served model is sent.</summary>
/// <param name="System">The system's turn; null: none.</param>
/// <param name="Text">The text of the user's turn; empty: none.</param>
/// <param name="IsImageFirst">Whether the image stands before the text.</param>
internal sealed record ChatRequest(string? System, string Text, bool IsImageFirst = true)
{
    /// <summary>The form of the answer for servers that can hold a model to one; null: any.</summary>
    public ChatResponseFormat? Format { get; init; }

    /// <summary>What the chat template is given besides the messages; null: nothing.</summary>
    public IReadOnlyDictionary<string, object>? Variables { get; init; }

    public int? MaximumTokens { get; init; } // the most tokens of the answer; null: as the options say
}

/// <summary>The calls about one image; for one caller at a time.</summary>
/// <param name="image">The image; null: none is sent.</param>
internal sealed class ChatCall(IChatClient client, ChatClientEngineOptions options, ChatBudget budget, DataContent? image)
{
    private const int Alternatives = 20; // the most that servers give for a token

    /// <summary>The tokens that the calls took; null where the server does not count.</summary>
    public TokenUsage? Usage { get; private set; }

    public ChatClientEngineOptions Options => options;

    /// <summary>Sends a request, whatever comes back.</summary>
    /// <exception cref="ModelOutputException">The model could not be asked, or the budget is used up.</exception>
    public async Task<ChatResponse> SendAsync(ChatRequest request, CancellationToken cancellationToken)
    {
        await budget.EnterAsync(cancellationToken).ConfigureAwait(false);
        Task<ChatResponse>? asked = null;
        try
        {
            var chat = new ChatOptions
            {
                ModelId = options.ModelId,
                Temperature = 0,
                MaxOutputTokens = request.MaximumTokens ?? options.MaximumOutputTokens,
                ResponseFormat = request.Format,
            };
            if (request.Variables is { Count: > 0 } variables)
            {
                (chat.AdditionalProperties ??= [])["chat_template_kwargs"] = variables;
            }

            if (options.ReadTokens is not null)
            {
                (chat.AdditionalProperties ??= [])["logprobs"] = true;
                chat.AdditionalProperties["top_logprobs"] = Alternatives;
            }

            options.Configure?.Invoke(chat);
            List<AIContent> user = request.Text.Length > 0 ? [new TextContent(request.Text)] : [];
            if (image is not null)
            {
                user.Insert(request.IsImageFirst ? 0 : user.Count, image);
            }

            ChatMessage[] messages = [.. request.System is { } system ? [new ChatMessage(ChatRole.System, system)] : Array.Empty<ChatMessage>(), new(ChatRole.User, user)];
            asked = client.GetResponseAsync(messages, chat, cancellationToken);
            ChatResponse response = await asked.WaitAsync(cancellationToken).ConfigureAwait(false);
            budget.Charge(response.Usage);
            UsageDetails? counted = response.Usage;
            Usage = TokenUsage.Sum(Usage, counted is null ? null : new TokenUsage(Count(counted.InputTokenCount), Count(counted.CachedInputTokenCount), Count(counted.OutputTokenCount)));
            return response;
        }
        catch (Exception exception) when (exception is not ModelOutputException && !cancellationToken.IsCancellationRequested)
        {
            // A client's message may hold addresses and keys, and this one is shown to whoever sent the image.
            throw new ModelOutputException($"The served model could not be asked ({exception.GetType().Name}).", exception);
        }
        finally
        {
            if (asked is null or { IsCompleted: true })
            {
                budget.Leave();
            }
            else
            {
                budget.LeaveAfter(asked); // a client that does not listen to the token is left behind, and keeps its turn
            }
        }

        static int Count(long? tokens) => (int)Math.Clamp(tokens ?? 0, 0, 1 << 20); // a server says what it likes
    }

    /// <summary>Sends a request; the answer is whole.</summary>
    /// <exception cref="ModelOutputException">The model could not be asked, or its answer was cut off, filtered or refused.</exception>
    public async Task<ChatResponse> AskAsync(ChatRequest request, CancellationToken cancellationToken)
    {
        ChatResponse response = await SendAsync(request, cancellationToken).ConfigureAwait(false);
        string? cut = response.FinishReason is { } finish && finish != ChatFinishReason.Stop ? finish.Value : null;
        return cut is null && !response.Messages.SelectMany(message => message.Contents).Any(content => content is ErrorContent)
            ? response
            : throw new ModelOutputException($"The served model gave no whole answer ({cut ?? "refused"}).");
    }
}
