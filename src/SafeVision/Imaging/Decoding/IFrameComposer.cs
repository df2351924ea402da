namespace SafeVision.Imaging.Decoding;

/// <summary>Composes the frames of an animation on its canvas.</summary>
internal interface IFrameComposer
{
    /// <summary>Frames in the file.</summary>
    int Frames { get; }

    /// <summary>Whether the file ended within the frame composed last, which then is the last.</summary>
    bool IsCut { get; }

    /// <summary>How long a frame is shown.</summary>
    TimeSpan DurationOf(int frame);

    /// <summary>Composes a frame, later than all composed before, and lends the canvas: RGBA with straight alpha.</summary>
    PixelBuffer Compose(int target);

    /// <summary>Goes back to before the first frame.</summary>
    void Rewind();
}
