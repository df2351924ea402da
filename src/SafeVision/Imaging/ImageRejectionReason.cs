namespace SafeVision.Imaging;

/// <summary>Why an image was not decoded. None of these means that the image is safe.</summary>
public enum ImageRejectionReason
{
    /// <summary>Not one of the formats that are read, or a variant of one that is not.</summary>
    Unsupported,

    /// <summary>The data end before the image does.</summary>
    Truncated,

    /// <summary>Over one of the <see cref="ImageLimits"/>; found before the pixels were allocated.</summary>
    TooLarge,

    /// <summary>The contents contradict the format.</summary>
    Corrupt,

    /// <summary>The file or stream could not be read: missing, not allowed, not a regular file, or failing.</summary>
    Unreadable,
}
