namespace SafeVision.Evaluation.Reports;

/// <summary>How a page is made.</summary>
/// <remarks>Setting a value outside its range throws <see cref="ArgumentOutOfRangeException"/>.</remarks>
public sealed class HtmlReportOptions
{
    /// <summary>The most mistakes that are shown, 0 to 200. Default 24.</summary>
    public int MaxMistakes { get; set => field = InRange(value, 0, 200); } = 24;

    /// <summary>The most bytes that pictures may take in the page, 0 (no pictures) to 50 million. Default 4 million.</summary>
    public int MaxPictureBytes { get; set => field = InRange(value, 0, 50_000_000); } = 4_000_000;

    private static int InRange(int value, int least, int most) => value >= least && value <= most
        ? value
        : throw new ArgumentOutOfRangeException(nameof(value), value, $"The number is to be from {least} to {most}.");
}
