namespace SafeVision.Imaging.Formats;

/// <summary>A frame of an animated PNG (W3C PNG, third edition, 11.3.6.2): where it goes, how, and where its data are.</summary>
/// <param name="X">Its left edge on the canvas.</param>
/// <param name="Y">Its top edge on the canvas.</param>
/// <param name="Width">Its columns.</param>
/// <param name="Height">Its rows.</param>
/// <param name="Duration">How long it is shown.</param>
/// <param name="Disposal">What becomes of its place afterwards.</param>
/// <param name="IsBlended">Whether it is composited on what is there; otherwise it replaces that.</param>
/// <param name="Data">Where its first data chunk begins; 0 before one was met.</param>
internal readonly record struct ApngFrame(
    int X, int Y, int Width, int Height, TimeSpan Duration, ApngDisposal Disposal, bool IsBlended, int Data = 0)
{
    /// <summary>Whether nothing of what was there before shows.</summary>
    public bool Covers(ImageHeader canvas) => !IsBlended && Width == canvas.Width && Height == canvas.Height;
}
