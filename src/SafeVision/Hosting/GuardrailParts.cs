namespace SafeVision.Hosting;

/// <summary>What a guardrail is composed of, checked by the builder.</summary>
internal sealed record GuardrailParts : IAsyncDisposable
{
    public required SafetyPolicy Policy { get; init; }
    public required IGuardrailEngine Engine { get; init; }
    public required IImageDecoder Decoder { get; init; }
    public required ImageDecodeOptions ImageOptions { get; init; }
    public required TimeSpan Timeout { get; init; }

    public required QueueLimits Limits { get; init; } // how many images are judged at once, wait, and are held decoded

    public required TimeProvider Clock { get; init; }
    public required ILogger Logger { get; init; }

    public IDisposable? Owned { get; init; } // disposed with the guardrail, after the engine

    /// <summary>The time that an image may take from now on: the guardrail's, or less where the caller's deadline is nearer.</summary>
    public TimeSpan TimeAllowed(AssessOptions options)
    {
        if (options.Deadline is not { } deadline)
        {
            return Timeout;
        }

        TimeSpan left = deadline - Clock.GetUtcNow();
        return left <= TimeSpan.Zero ? TimeSpan.Zero
            : Timeout == System.Threading.Timeout.InfiniteTimeSpan || left < Timeout ? left
            : Timeout;
    }

    /// <summary>What the engine is asked: what the caller asks, by the end of the time allowed.</summary>
    public AssessOptions WithDeadline(AssessOptions options, TimeSpan allowed) =>
        allowed == System.Threading.Timeout.InfiniteTimeSpan ? options : options with { Deadline = Clock.GetUtcNow() + allowed };

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync().ConfigureAwait(false);
        Owned?.Dispose();
    }
}
