namespace SafeVision.Hosting;

/// <summary>Stamps the end of each stage of one image.</summary>
internal sealed class StageWatch
{
    private readonly TimeProvider _clock;
    private readonly long _start;
    private long _decoded;
    private long _assessed;

    public StageWatch(TimeProvider clock)
    {
        _clock = clock;
        _start = clock.GetTimestamp();
    }

    public void Decoded() => _decoded = _clock.GetTimestamp();

    public void Assessed() => _assessed = _clock.GetTimestamp();

    public StageDurations Decided() => new(
        Milliseconds(_start, _decoded), Milliseconds(_decoded, _assessed), Milliseconds(_assessed, _clock.GetTimestamp()));

    /// <summary>The durations of a check that ended early: all time after the last finished stage belongs to the one that failed.</summary>
    public StageDurations Stopped()
    {
        long now = _clock.GetTimestamp();
        return _decoded == 0
            ? new(Milliseconds(_start, now), 0, 0)
            : new(Milliseconds(_start, _decoded), Milliseconds(_decoded, now), 0);
    }

    private double Milliseconds(long from, long to) => _clock.GetElapsedTime(from, to).TotalMilliseconds;
}
