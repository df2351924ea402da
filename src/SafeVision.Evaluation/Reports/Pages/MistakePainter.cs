using System.Buffers;
using SafeVision.Assessments;
using SafeVision.Imaging;
using SkiaSharp;

namespace SafeVision.Evaluation.Reports.Pages;

/// <summary>Makes the small pictures of a page from the dataset's images, which are hostile until shown otherwise.</summary>
internal sealed class MistakePainter
{
    private const int LongestSide = 288;
    private const int Quality = 72;

    /// <summary>The most cells of a heat map in one direction that are worth drawing at this size.</summary>
    private const int MostCells = 256;

    private readonly SkiaImageDecoder _decoder = new();
    private readonly ImageDecodeOptions _options = new() { TargetShortSide = LongestSide };

    /// <summary>Decodes within the core's limits and draws.</summary>
    /// <exception cref="ImageRejectedException">The image can't be shown.</exception>
    public async Task<MistakePicture> PaintAsync(ImageSource source, Finding finding, CancellationToken cancellationToken)
    {
        using DecodedImage image = await _decoder.DecodeAsync(source, _options, cancellationToken).ConfigureAwait(false);
        ImageFrame judged = image.Frames.FirstOrDefault(frame => frame.Index == finding.Frame) ?? image.Frames[0];
        double scale = Math.Min(1, (double)LongestSide / Math.Max(judged.Width, judged.Height));
        int width = Math.Max(1, (int)Math.Round(judged.Width * scale)), height = Math.Max(1, (int)Math.Round(judged.Height * scale));
        byte[] pixels = new byte[width * height * 3];
        ImageResizer.Resize(judged.Pixels, judged.Width, judged.Height, PixelLayout.Rgb24, pixels, new ResizeOptions(width, height, ResampleFilter.Bilinear) { ReducingGap = 2 });

        using var owner = new Pixels(pixels);
        var small = new ImageFrame(judged.Index, judged.Timestamp, width, height, owner);
        bool hasEvidence = finding.Evidence.HeatMap is { Width: <= MostCells, Height: <= MostCells } || finding.Evidence.Boxes.Count > 0;
        HeatMap cold = new(1, 1, [0f], ImageBox.Whole);
        return new MistakePicture(
            ToDataUri(small, cold, []),
            hasEvidence ? ToDataUri(small, finding.Evidence.HeatMap is { Width: <= MostCells, Height: <= MostCells } map ? map : cold, finding.Evidence.Boxes) : null,
            width,
            height);
    }

    private static string ToDataUri(ImageFrame frame, HeatMap map, IReadOnlyList<ImageBox> boxes)
    {
        using var png = new MemoryStream();
        EvidenceOverlay.WritePng(png, frame, map, boxes);
        using SKBitmap bitmap = SKBitmap.Decode(png.GetBuffer().AsSpan(0, (int)png.Length)); // our own file of a moment ago
        using SKData jpeg = bitmap.Encode(SKEncodedImageFormat.Jpeg, Quality);
        return $"data:image/jpeg;base64,{Convert.ToBase64String(jpeg.AsSpan())}";
    }

    private sealed class Pixels(byte[] bytes) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory { get; } = bytes;

        public void Dispose()
        {
            // The array is the collector's.
        }
    }
}
