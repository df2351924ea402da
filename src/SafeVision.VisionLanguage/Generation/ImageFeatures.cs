namespace SafeVision.VisionLanguage.Generation;

/// <summary>What a vision tower made of one picture: one row for each image token.</summary>
/// <param name="Values">[tokens, width].</param>
/// <param name="Width">Numbers a row.</param>
internal sealed record ImageFeatures(ReadOnlyMemory<float> Values, int Width)
{
    public int Tokens => Values.Length / Width;

    public ReadOnlyMemory<float> Row(int token) => Values.Slice(token * Width, Width);
}
