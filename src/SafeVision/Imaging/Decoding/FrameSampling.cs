namespace SafeVision.Imaging.Decoding;

/// <summary>Which frames are looked at: spread evenly, the first and the last among them.</summary>
internal static class FrameSampling
{
    public static int Count(int frames, int most) => Math.Min(frames, most);

    /// <summary>The frame that sample <paramref name="sample"/> of <paramref name="samples"/> is.</summary>
    public static int IndexOf(int sample, int samples, int frames) =>
        samples == 1 ? 0 : (int)((((long)sample * (frames - 1)) + ((samples - 1) / 2)) / (samples - 1));
}
