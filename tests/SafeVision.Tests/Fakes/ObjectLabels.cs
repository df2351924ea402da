using SafeVision.Engines.ClosedSet;
using SafeVision.Inference;
using SafeVision.Models;

namespace SafeVision.Tests.Fakes;

/// <summary>The object classifier's labels, ready to be compared with phrases.</summary>
public sealed class ObjectLabels : IAsyncLifetime
{
    private readonly SessionCache _sessions = new();

    internal LabelSpace Space { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        TextEncoder encoder = await TextEncoder.LoadAsync(DefaultModels.Phrases, _sessions, new ExecutionOptions());
        Space = LabelSpace.Create(DefaultModels.Objects, encoder, CancellationToken.None);
    }

    public ValueTask DisposeAsync()
    {
        _sessions.Dispose();
        return ValueTask.CompletedTask;
    }
}
