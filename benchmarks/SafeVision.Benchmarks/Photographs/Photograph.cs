namespace SafeVision.Benchmarks.Photographs;

/// <summary>A JPEG file as a camera or a phone would write it.</summary>
/// <param name="Name">The picture and its size.</param>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
/// <param name="Bytes">The file.</param>
public sealed record Photograph(string Name, int Width, int Height, byte[] Bytes)
{
    public override string ToString() => Name;
}
