namespace SafeVision.Evaluation.Reports.Pages;

/// <summary>A mistake's image, small enough to stand in a page.</summary>
/// <param name="Plain">The image as a data URI.</param>
/// <param name="Heat">The image with its heat map and boxes as a data URI; null where the finding has none.</param>
/// <param name="Width">Columns of both.</param>
/// <param name="Height">Rows of both.</param>
internal sealed record MistakePicture(string Plain, string? Heat, int Width, int Height)
{
    /// <summary>How many characters both take in the page.</summary>
    public int Length => Plain.Length + (Heat?.Length ?? 0);
}
