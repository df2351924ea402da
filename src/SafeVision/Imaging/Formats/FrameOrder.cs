namespace SafeVision.Imaging.Formats;

/// <summary>Which frames of an animation must be drawn to show one of them, and what that costs.</summary>
internal static class FrameOrder
{
    /// <summary>The last frame up to the target that covers all before it, or else the first not yet composed.</summary>
    /// <param name="composed">The frame on the canvas; -1 for none.</param>
    public static int FirstNeeded<TComposer>(ref TComposer composer, int target, int composed)
        where TComposer : IFrameComposer, allows ref struct
    {
        int frame = target;

        // One that is taken back again leaves what it covered to the frames after it.
        while (frame > composed + 1 && !(composer.IsIndependent(frame) && (frame == target || !composer.IsTakenBack(frame))))
        {
            frame--;
        }

        return frame;
    }

    /// <summary>The pixels of all frames that are drawn when these are composed, in order.</summary>
    public static long PixelsFor<TComposer>(ref TComposer composer, IEnumerable<int> targets)
        where TComposer : IFrameComposer, allows ref struct
    {
        long pixels = 0;
        int composed = -1;
        foreach (int target in targets)
        {
            for (int frame = FirstNeeded(ref composer, target, composed); frame <= target; frame++)
            {
                pixels += frame == target || !composer.IsTakenBack(frame) ? composer.PixelsOf(frame) : 0;
            }

            composed = target;
        }

        return pixels;
    }
}

/// <summary>Composes the frames of an animation on its canvas.</summary>
internal interface IFrameComposer
{
    /// <summary>Frames in the file.</summary>
    int Frames { get; }

    /// <summary>Whether the file ended within the frame composed last, which then is the last.</summary>
    bool IsCut { get; }

    /// <summary>The most pixels it may draw for one file, in <see cref="ImageLimits.MaxPixels"/>: few where a pixel takes long.</summary>
    int MostDrawn { get; }

    /// <summary>How long a frame is shown.</summary>
    TimeSpan DurationOf(int frame);

    /// <summary>The pixels of a frame, which may be a part of the canvas or reach beyond it.</summary>
    long PixelsOf(int frame);

    /// <summary>Whether nothing of the frames before it shows.</summary>
    bool IsIndependent(int frame);

    /// <summary>Whether what was there before comes back after it was shown.</summary>
    bool IsTakenBack(int frame);

    /// <summary>Composes a frame, later than all composed before, and lends the canvas: RGBA with straight alpha.</summary>
    PixelBuffer Compose(int target);

    /// <summary>Goes back to before the first frame.</summary>
    void Rewind();
}
