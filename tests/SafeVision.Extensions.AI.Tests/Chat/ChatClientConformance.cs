using SafeVision.Extensions.AI.Chat;
using SafeVision.Tests.Engines.Conformance;

namespace SafeVision.Extensions.AI.Tests.Chat;

/// <summary>The chat client engine before a server of this machine.</summary>
public abstract class ChatClientConformance(ChatProtocol protocol) : EngineConformance
{
    private readonly ServedGuard _guard = new();

    protected override ImageGuardrailBuilder Use(ImageGuardrailBuilder builder) => builder.UseChatClient(_guard.Client(), protocol);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _guard.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

public sealed class InstructConformance() : ChatClientConformance(ChatProtocol.Instruct);

public sealed class YesNoConformance() : ChatClientConformance(ChatProtocol.YesNo);
