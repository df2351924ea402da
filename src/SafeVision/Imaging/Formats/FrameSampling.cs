namespace SafeVision.Imaging.Formats;

/// <summary>Which frames of an animation are judged: those that a viewer sees longest, and those that look unlike the others.</summary>
internal sealed class FrameSampling
{
    // Browsers show a frame for a tenth of a second where a file asks for a hundredth or less.
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(10), s_instead = TimeSpan.FromMilliseconds(100);

    private readonly long[] _ends; // when each frame ends, in ticks

    /// <param name="durations">How long each frame is shown, as the file says.</param>
    public FrameSampling(IReadOnlyList<TimeSpan> durations)
    {
        _ends = new long[durations.Count];
        long end = 0;
        for (int i = 0; i < _ends.Length; i++)
        {
            end += (durations[i] <= s_shortest ? s_instead : durations[i]).Ticks;
            _ends[i] = end;
        }
    }

    private int Frames => _ends.Length;

    /// <summary>The page that sample <paramref name="sample"/> of <paramref name="samples"/> is: spread evenly, the first and the last among them.</summary>
    public static int IndexOf(int sample, int samples, int pages) =>
        samples == 1 ? 0 : (int)((((long)sample * (pages - 1)) + ((samples - 1) / 2)) / (samples - 1));

    /// <summary>As many frames as asked for, or as there are, in order. First those that are shown for a share of the time as large
    /// as that of one sample; then the first and the last; then in turn the frame that looks least like those chosen, and the
    /// middle of the longest time not yet seen.</summary>
    /// <param name="looks">What each frame looks like; null for one that was not looked at.</param>
    /// <param name="most">The most frames to choose, at least 1.</param>
    public int[] Choose(IReadOnlyList<FrameLook?> looks, int most)
    {
        if (Frames <= most)
        {
            return [.. Enumerable.Range(0, Frames)];
        }

        if (most == 1)
        {
            return [Enumerable.Range(0, Frames).MaxBy(Duration)];
        }

        var chosen = new SortedSet<int>(Held(most));
        foreach (int end in (ReadOnlySpan<int>)[0, Frames - 1])
        {
            if (chosen.Count < most)
            {
                chosen.Add(end);
            }
        }

        int[] distances = [.. Enumerable.Repeat(int.MaxValue, Frames)];
        foreach (int index in chosen)
        {
            Near(index, looks, distances);
        }

        for (bool byTime = false; chosen.Count < most; byTime = !byTime)
        {
            int next = byTime ? Longest(chosen) : Unlike(chosen, distances);
            next = next >= 0 ? next : Longest(chosen);
            chosen.Add(next);
            Near(next, looks, distances);
        }

        return [.. chosen];
    }

    private long Duration(int frame) => _ends[frame] - (frame == 0 ? 0 : _ends[frame - 1]);

    private int At(long time)
    {
        int found = Array.BinarySearch(_ends, time);
        return Math.Min(found >= 0 ? found + 1 : ~found, Frames - 1);
    }

    // Never more than asked for: each of them takes at least one part of as many.
    private IEnumerable<int> Held(int most) => Enumerable.Range(0, Frames)
        .Where(frame => (double)Duration(frame) * most >= _ends[^1])
        .OrderByDescending(Duration).ThenBy(frame => frame).Take(most);

    // Between two frames that are chosen, or before the first or behind the last.
    private int Longest(SortedSet<int> chosen)
    {
        int best = -1, before = -1;
        long longest = -1;
        foreach (int after in chosen.Append(Frames))
        {
            long from = before < 0 ? 0 : _ends[before], to = after == Frames ? _ends[^1] : _ends[after] - Duration(after);
            if (after - before > 1 && to - from > longest)
            {
                longest = to - from;
                best = Math.Clamp(At(from + ((to - from) / 2)), before + 1, after - 1);
            }

            before = after;
        }

        return best;
    }

    private static int Unlike(SortedSet<int> chosen, int[] distances)
    {
        int best = -1;
        for (int i = 0; i < distances.Length; i++)
        {
            if (distances[i] != int.MaxValue && distances[i] > (best < 0 ? FrameLook.Alike : distances[best]) && !chosen.Contains(i))
            {
                best = i;
            }
        }

        return best;
    }

    private static void Near(int chosen, IReadOnlyList<FrameLook?> looks, int[] distances)
    {
        if (looks[chosen] is not { } look)
        {
            return;
        }

        for (int i = 0; i < distances.Length; i++)
        {
            distances[i] = looks[i] is { } other ? Math.Min(distances[i], look.DistanceTo(other)) : int.MaxValue;
        }
    }
}

/// <summary>A frame at a glance: the colors of 256 parts of it, on white.</summary>
internal sealed class FrameLook
{
    /// <summary>Frames no farther apart are taken for the same scene: one level of 255 in the mean.</summary>
    public const int Alike = Cells * Cells * 3;

    private const int Cells = 16;
    private const int Points = 4; // across a cell, and down

    private readonly byte[] _colors = new byte[Cells * Cells * 3];

    public static FrameLook At(ReadOnlySpan<byte> rgba, int width, int height)
    {
        var look = new FrameLook();
        for (int cell = 0; cell < Cells * Cells; cell++)
        {
            int red = 0, green = 0, blue = 0;
            for (int point = 0; point < Points * Points; point++)
            {
                int x = (int)((((cell % Cells * Points) + (point % Points)) * 2 + 1L) * width / (Cells * Points * 2));
                int y = (int)((((cell / Cells * Points) + (point / Points)) * 2 + 1L) * height / (Cells * Points * 2));
                ReadOnlySpan<byte> pixel = rgba.Slice(((y * width) + x) * 4, 4);
                int white = 255 * (255 - pixel[3]);
                red += (pixel[0] * pixel[3]) + white;
                green += (pixel[1] * pixel[3]) + white;
                blue += (pixel[2] * pixel[3]) + white;
            }

            look._colors[cell * 3] = (byte)(red / (255 * Points * Points));
            look._colors[(cell * 3) + 1] = (byte)(green / (255 * Points * Points));
            look._colors[(cell * 3) + 2] = (byte)(blue / (255 * Points * Points));
        }

        return look;
    }

    public int DistanceTo(FrameLook other) => (int)OtherRenderings.Distance(_colors, other._colors);
}
