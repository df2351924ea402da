namespace SafeVision.Imaging;

/// <summary>Takes the rows of a resized picture, from the first to the last, each once.</summary>
public interface IResampleRowSink
{
    /// <summary>Takes a row. The bytes are only valid during the call.</summary>
    /// <param name="row">Which row, from 0.</param>
    /// <param name="pixels">The row without padding, in the layout of the source.</param>
    void Write(int row, ReadOnlySpan<byte> pixels);
}
