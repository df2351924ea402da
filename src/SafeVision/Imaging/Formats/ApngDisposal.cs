namespace SafeVision.Imaging.Formats;

/// <summary>What becomes of a frame's place once it was shown: the values of dispose_op.</summary>
internal enum ApngDisposal : byte
{
    Keep = 0,
    Clear = 1,
    TakeBack = 2,
}
