namespace SafeVision.Evaluation.Reports.Pages;

/// <summary>The worst mistakes with their images, which stay blurred until a reader asks for them.</summary>
internal static class MistakeSection
{
    private const int MostLabels = 5;

    /// <summary>The cards; nothing where there is no mistake.</summary>
    /// <param name="images">An image for each, or why there is none.</param>
    public static Markup Render(IReadOnlyList<ReportMistake> mistakes, IReadOnlyList<(MistakeImage? Image, string? Problem)> images)
    {
        var section = new HtmlBuilder();
        if (mistakes.Count == 0)
        {
            return section.ToMarkup();
        }

        section.Append($"<section aria-labelledby=\"mistakes\"><h2 id=\"mistakes\">Worst mistakes</h2>");
        if (images.Any(image => image.Image is not null))
        {
            section.Append($"""
                <p>Images are blurred, because some are hard to look at. Click one, or press space on it, to see it.</p>
                <p class="reveal-all"><input type="checkbox" id="reveal"><label for="reveal"><span class="off">Show all images</span><span class="shown">Blur all images</span></label></p>
                """);
        }

        section.Append($"<div class=\"mistakes\">");
        for (int i = 0; i < mistakes.Count; i++)
        {
            Append(section, mistakes[i], images[i].Image, images[i].Problem);
        }

        return section.Append($"</div></section>").ToMarkup();
    }

    private static void Append(HtmlBuilder section, ReportMistake mistake, MistakeImage? image, string? problem)
    {
        Finding finding = mistake.Finding;
        string sample = ReportText.Name(mistake.Sample), category = ReportText.Name(mistake.Category);
        section.Append($"<article class=\"mistake\">");
        if (image is not null)
        {
            section.Append($"<label class=\"image\"><input type=\"checkbox\" aria-label=\"Show the image of {sample}\"><span class=\"frames{(image.Heat is null ? " one" : "")}\">");
            section.Append($"<span><img src=\"{new Markup(image.Plain)}\" width=\"{image.Width}\" height=\"{image.Height}\" alt=\"{sample}\"></span>");
            if (image.Heat is not null)
            {
                section.Append($"<span><img src=\"{new Markup(image.Heat)}\" width=\"{image.Width}\" height=\"{image.Height}\" alt=\"{sample} with the heat map for {category}\"></span>");
            }

            section.Append($"</span><span class=\"hint\" aria-hidden=\"true\"><span>Show</span></span></label>");
        }
        else if (problem is not null)
        {
            section.Append($"<p class=\"quiet\">No image: <bdi>{problem}</bdi></p>");
        }

        section.Append($"<h3><bdi>{sample}</bdi></h3>");
        section.Append($"<p><span class=\"tag {(mistake.Missed ? "missed" : "seen")}\">{(mistake.Missed ? "missed" : "wrongly flagged")}</span> <strong><bdi>{category}</bdi></strong></p>");
        section.Append($"<p>{Score(finding)}; true: <bdi>{(mistake.Labels.Count == 0 ? "nothing" : string.Join(", ", mistake.Labels.Select(ReportText.Name)))}</bdi></p>");
        section.Append($"<p>“<bdi>{finding.Reason}</bdi>”</p>");
        if (finding.Evidence.Words is { Length: > 0 } words)
        {
            section.Append($"<p class=\"quiet\">The model's words: “<bdi>{words}</bdi>”</p>");
        }

        if (finding.Evidence.Labels.Count > 0)
        {
            section.Append($"<p class=\"quiet\">Labels: <bdi>{string.Join(", ", finding.Evidence.Labels.Take(MostLabels).Select(label => $"{ReportText.Name(label.Label)} {Percent(label.Share)}"))}</bdi></p>");
        }

        section.Append($"</article>");
    }

    private static string Score(Finding finding) => finding.Score is { } score
        ? $"Score {ReportText.Number(score, MetricUnit.Share)}, threshold {ReportText.Number(finding.Threshold, MetricUnit.Share)}"
        : "Not assessed";

    private static string Percent(double share) => (share * 100).ToString("0", CultureInfo.InvariantCulture) + " %";
}

/// <summary>Makes the small images of a page from the dataset's images, which are hostile until shown otherwise.</summary>
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
    public async Task<MistakeImage> PaintAsync(ImageSource source, Finding finding, CancellationToken cancellationToken)
    {
        using DecodedImage image = await _decoder.DecodeAsync(source, _options, cancellationToken).ConfigureAwait(false);
        ImageFrame judged = image.Judged.FirstOrDefault(frame => frame.Index == finding.Frame && frame.Rendering == finding.Rendering) ?? image.Frames[0];
        double scale = Math.Min(1, (double)LongestSide / Math.Max(judged.Width, judged.Height));
        int width = Math.Max(1, (int)Math.Round(judged.Width * scale)), height = Math.Max(1, (int)Math.Round(judged.Height * scale));
        byte[] pixels = new byte[width * height * 3];
        ImageResizer.Resize(judged.Pixels, judged.Width, judged.Height, PixelLayout.Rgb24, pixels, new ResizeOptions(width, height, ResampleFilter.Bilinear) { ReducingGap = 2 });

        using var owner = new Pixels(pixels);
        var small = new ImageFrame(judged.Index, judged.Timestamp, width, height, owner);
        bool hasEvidence = finding.Evidence.HeatMap is { Width: <= MostCells, Height: <= MostCells } || finding.Evidence.Boxes.Count > 0;
        HeatMap cold = new(1, 1, [0f], ImageBox.Whole);
        return new MistakeImage(
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

/// <summary>A mistake's image, small enough to stand in a page.</summary>
/// <param name="Plain">The image as a data URI.</param>
/// <param name="Heat">The image with its heat map and boxes as a data URI; null where the finding has none.</param>
/// <param name="Width">Columns of both.</param>
/// <param name="Height">Rows of both.</param>
internal sealed record MistakeImage(string Plain, string? Heat, int Width, int Height)
{
    /// <summary>How many characters both take in the page.</summary>
    public int Length => Plain.Length + (Heat?.Length ?? 0);
}
