using System.Buffers;
using SafeVision.Imaging;

namespace SafeVision.VisionLanguage.Families;

/// <summary>
/// Resizes whole pictures as the families' reference does with Pillow 13. It is <see cref="ImageResizer"/>, which runs along the
/// rows first as Pillow always did before, but where the height shrinks by more than twice what the width does, the columns come
/// first (python-pillow/Pillow#9549). As both passes round and clip to bytes, the order shows: by a level or so in photographs, by
/// more in noise.
/// </summary>
internal static class ReferenceResize
{
    /// <summary>Resizes a picture, row by row into a sink.</summary>
    public static void Run<TSink>(PackedPixels source, int width, int height, ResampleFilter filter, ref TSink sink)
        where TSink : IResampleRowSink, allows ref struct
    {
        if (!IsColumnsFirst(source.Width, source.Height, width, height) || filter == ResampleFilter.Nearest)
        {
            Resize(source, new ResizeOptions(width, height, filter), ref sink);
            return;
        }

        int stride = source.Width * (int)source.Layout, length = checked(stride * height);
        byte[] shrunk = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var rows = new PixelRows(shrunk, stride);
            Resize(source, new ResizeOptions(source.Width, height, filter), ref rows);
            Resize(new PackedPixels(shrunk.AsSpan(0, length), source.Width, height, source.Layout), new ResizeOptions(width, height, filter), ref sink);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(shrunk);
        }
    }

    /// <summary>Whether the reference shrinks the columns before the rows. Reproduces all recorded cases of Pillow 13.0.0.</summary>
    public static bool IsColumnsFirst(int width, int height, int newWidth, int newHeight) =>
        newHeight < height && height - newHeight > 2L * (width - newWidth);

    private static void Resize<TSink>(PackedPixels source, in ResizeOptions options, ref TSink sink)
        where TSink : IResampleRowSink, allows ref struct =>
        ImageResizer.Resize(source.Pixels, source.Width, source.Height, source.Layout, options, ref sink);
}
