using SafeVision.Imaging;

namespace SafeVision.Models.Families;

/// <summary>
/// Resizes whole pictures as the families' reference does with Pillow 13. It is <see cref="ImageResizer"/>, which runs along the
/// rows first as Pillow always did before, but where the height shrinks much more than the width, the columns come first
/// (python-pillow/Pillow#9549). As both passes round and clip to bytes, the order shows: by a level or so in photographs, by
/// more in noise.
/// </summary>
internal static class ReferenceResize
{
    // The release's exact bound is not documented; what it was seen to do turns between 1.13 and 2.
    private const int MuchMore = 2;

    /// <summary>Resizes a picture, row by row into a sink.</summary>
    public static void Run<TSink>(in PixelView source, int width, int height, ResampleFilter filter, ref TSink sink)
        where TSink : IResampleRowSink, allows ref struct
    {
        if (!IsColumnsFirst(source, width, height) || filter == ResampleFilter.Nearest)
        {
            Resize(source, new ResizeOptions(width, height, filter), ref sink);
            return;
        }

        int stride = source.Width * source.Channels;
        using PixelBuffer shrunk = PixelBuffer.Rent(checked(stride * height));
        var rows = new PixelRows(shrunk.Span, stride);
        Resize(source, new ResizeOptions(source.Width, height, filter), ref rows);
        Resize(new PixelView(shrunk.Span, stride, source.Width, height, source.Layout), new ResizeOptions(width, height, filter), ref sink);
    }

    private static bool IsColumnsFirst(in PixelView source, int width, int height) =>
        height < source.Height && (long)source.Height * width >= (long)MuchMore * source.Width * height;

    private static void Resize<TSink>(in PixelView source, in ResizeOptions options, ref TSink sink)
        where TSink : IResampleRowSink, allows ref struct =>
        ImageResizer.Resize(source, ResizeTarget.Create(source.Width, source.Height, options), options, ResampleKernel.Best, ref sink);
}
