namespace SafeVision.Pipeline;

/// <summary>Stamps the end of each stage of one image.</summary>
internal sealed class StageWatch
{
    private readonly TimeProvider clock;
    private readonly long start;
    private long decoded;
    private long assessed;

    public StageWatch(TimeProvider clock)
    {
        this.clock = clock;
        start = clock.GetTimestamp();
    }

    public void Decoded() => decoded = clock.GetTimestamp();

    public void Assessed() => assessed = clock.GetTimestamp();

    public StageDurations Decided() => new(
        Milliseconds(start, decoded), Milliseconds(decoded, assessed), Milliseconds(assessed, clock.GetTimestamp()));

    /// <summary>The durations of a check that ended early: all time after the last finished stage belongs to the one that failed.</summary>
    public StageDurations Stopped()
    {
        long now = clock.GetTimestamp();
        return decoded == 0
            ? new(Milliseconds(start, now), 0, 0)
            : new(Milliseconds(start, decoded), Milliseconds(decoded, now), 0);
    }

    private double Milliseconds(long from, long to) => clock.GetElapsedTime(from, to).TotalMilliseconds;
}
