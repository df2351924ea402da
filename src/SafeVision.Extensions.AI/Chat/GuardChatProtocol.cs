namespace SafeVision.Extensions.AI.Chat;

/// <summary>An open guard's own protocol over a chat client.</summary>
internal sealed class GuardChatProtocol(ServedGuard guard) : ChatProtocol
{
    public override string Name => guard.Name;

    internal override ChatJudge Prepare(SafetyPolicy policy) => new GuardJudge(guard.Compile(policy));
}

/// <summary>A policy as prompts for an open guard.</summary>
internal sealed class GuardJudge(ServedPolicy policy) : ChatJudge
{
    private const int ProbeWords = 64, ProbeTokens = 16;

    public override IReadOnlyList<CategoryCoverage> Coverage => policy.Coverage;

    public override IReadOnlyList<string> Prompts { get; } = [.. policy.Prompts.Select(prompt => prompt.Readable)];

    /// <remarks>A client or server that drops what it doesn't know would have the guard judge by its maker's policy,
    /// and nothing in the answer would show it. What shows is the count of tokens: the policy with more words must have
    /// more.</remarks>
    public override async Task RequireReachAsync(ChatCall call, CancellationToken cancellationToken)
    {
        if (policy.Prompts.FirstOrDefault(prompt => prompt.Variables.Count > 0) is not { } asked || call.Options.TrustsTemplateVariables)
        {
            return;
        }

        (string name, object longest) = asked.Variables.MaxBy(variable => (variable.Value as string)?.Length ?? 0);
        var longer = new Dictionary<string, object>(asked.Variables, StringComparer.Ordinal) { [name] = longest + string.Concat(Enumerable.Repeat(" word", ProbeWords)) };
        long before = await CountAsync(asked.Variables).ConfigureAwait(false), after = await CountAsync(longer).ConfigureAwait(false);
        if (after - before < ProbeWords / 2)
        {
            throw new ModelOutputException($"The policy does not reach the guard: with {ProbeWords} words more in the variable '{name}' its prompt has {after} tokens, and {before} without. Client and server must pass chat_template_kwargs on to the checkpoint's chat template.");
        }

        async Task<long> CountAsync(IReadOnlyDictionary<string, object> variables)
        {
            ChatResponse response = await call.SendAsync(new ChatRequest(asked.System, "?") { Variables = variables, MaximumTokens = ProbeTokens }, cancellationToken).ConfigureAwait(false);
            return response.Usage?.InputTokenCount ?? throw new ModelOutputException(
                "The server does not count a prompt's tokens, so it can't be seen whether the policy reaches the guard. Set TrustsTemplateVariables if you know that it does.");
        }
    }

    public override async Task<IReadOnlyList<CategoryAssessment>> AssessAsync(ChatCall call, AssessOptions options, CancellationToken cancellationToken) =>
        await policy.AssessAsync(async (prompt, cancellation) =>
        {
            ChatResponse response = await call.AskAsync(new ChatRequest(prompt.System, prompt.Text, prompt.IsImageFirst) { Variables = prompt.Variables }, cancellation).ConfigureAwait(false);
            string reasoning = string.Concat(response.Messages.SelectMany(message => message.Contents).OfType<TextReasoningContent>().Select(content => content.Text));
            return new ServedAnswer(response.Text) { Reasoning = reasoning.Length > 0 ? reasoning : null, Tokens = call.Options.ReadTokens?.Invoke(response) ?? [] };
        }, options, cancellationToken).ConfigureAwait(false);
}
