namespace SafeVision.Imaging.Decoding;

/// <summary>The time that one image may still take, and whether anyone is waiting for it.</summary>
internal readonly struct DecodeClock(TimeProvider time, ImageFormat format, TimeSpan? limit, CancellationToken cancellationToken)
{
    private readonly long _start = time.GetTimestamp();

    public void Check()
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (limit is { } most && time.GetElapsedTime(_start) is var taken && taken > most)
        {
            throw ImageRejectedException.TooLarge(format, $"decoding took {taken.TotalSeconds:0.0} s and was not done; the limit is {most.TotalSeconds:0.0} s (ImageLimits.MaxTime)");
        }
    }
}
