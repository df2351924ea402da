using Microsoft.Extensions.Logging;
using SafeVision.Engines;
using SafeVision.Imaging;
using SafeVision.Policies;

namespace SafeVision.Hosting;

/// <summary>What a guardrail is composed of, checked by the builder.</summary>
internal sealed record GuardrailParts : IAsyncDisposable
{
    public required SafetyPolicy Policy { get; init; }

    public required IGuardrailEngine Engine { get; init; }

    public required IImageDecoder Decoder { get; init; }

    public required ImageDecodeOptions ImageOptions { get; init; }

    public required TimeSpan Timeout { get; init; }

    /// <summary>
    /// How many images may be judged at once, those included that go on past their time because a decoder or an engine
    /// ignores its cancellation; at least 1. More wait, within their own time.
    /// </summary>
    public required int MaxJudging { get; init; }

    public required TimeProvider Clock { get; init; }

    public required ILogger Logger { get; init; }

    /// <summary>Disposed with the guardrail, after the engine.</summary>
    public IDisposable? Owned { get; init; }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync().ConfigureAwait(false);
        Owned?.Dispose();
    }
}
