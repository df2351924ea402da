using SafeVision.Imaging;

namespace SafeVision.VisionLanguage.Families;

/// <summary>How pictures of any size become a vision tower's input. Thread-safe.</summary>
internal interface IImagePreparation
{
    /// <summary>The short side in pixels beyond which more resolution changes nothing.</summary>
    int ShortSide { get; }

    /// <summary>The most image tokens that a picture of any size can take.</summary>
    int MaximumTokens { get; }

    /// <summary>Decides tiles and tokens from the picture's size alone.</summary>
    ImagePlan Plan(int width, int height);

    /// <summary>Writes the picture's pixel values, all <see cref="ImagePlan.PixelCount"/> of them, in the plan's shape.</summary>
    void Write(ImageFrame frame, ImagePlan plan, Span<float> pixels);
}
