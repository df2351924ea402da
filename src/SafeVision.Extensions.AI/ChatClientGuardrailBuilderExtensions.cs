using SafeVision.Extensions.AI.Chat;

namespace SafeVision;

/// <summary>Adds guards that are served elsewhere to a guardrail.</summary>
public static class ChatClientGuardrailBuilderExtensions
{
    private static readonly TimeSpan s_usualTimeout = TimeSpan.FromMinutes(1);

    /// <summary>Adds a guard that is spoken to over a chat client, such as a server of the OpenAI form. Images leave
    /// this machine for it. Where no time-out is set, one image may take a minute.</summary>
    /// <param name="builder">The guardrail.</param>
    /// <param name="client">What is asked; it stays the caller's.</param>
    /// <param name="protocol">How it is asked; null: <see cref="ChatProtocol.Instruct"/>.</param>
    /// <param name="configure">Sets limits; null: the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public static ImageGuardrailBuilder UseChatClient(
        this ImageGuardrailBuilder builder, IChatClient client, ChatProtocol? protocol = null, Action<ChatClientEngineOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(client);
        var options = new ChatClientEngineOptions();
        configure?.Invoke(options);
        options = options.Validate();
        return builder.UseEngine(_ => new ChatClientEngine(client, protocol ?? ChatProtocol.Instruct, options), s_usualTimeout);
    }
}
