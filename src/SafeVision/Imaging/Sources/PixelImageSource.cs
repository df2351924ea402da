namespace SafeVision.Imaging.Sources;

internal sealed class PixelImageSource(ImagePixels pixels) : ImageSource("pixels")
{
    public override ImagePixels? Pixels => pixels;

    public override ValueTask<ImageBytes> ReadAsync(long maxBytes, CancellationToken cancellationToken = default) =>
        throw new InvalidOperationException("This source holds decoded pixels: use ImageSource.Pixels, there are no encoded bytes to read.");
}
