namespace SafeVision.Imaging.Decoding;

/// <summary>How a stored image is turned to stand upright: the values of EXIF tag 0x0112 (Exif 2.32, 4.6.4).</summary>
internal enum Orientation : byte
{
    Upright = 1,
    MirroredHorizontally = 2,
    UpsideDown = 3,
    MirroredVertically = 4,
    Transposed = 5,
    TurnRight = 6,
    Transversed = 7,
    TurnLeft = 8,
}
