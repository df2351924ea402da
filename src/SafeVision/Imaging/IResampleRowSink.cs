namespace SafeVision.Imaging;

/// <summary>Takes the rows of a resized picture, from the first to the last, each once.</summary>
internal interface IResampleRowSink
{
    /// <summary>Takes a row. The bytes are only valid during the call.</summary>
    void Write(int row, ReadOnlySpan<byte> pixels);
}
