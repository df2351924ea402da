using SafeVision.Assessments;
using SafeVision.Imaging;

namespace SafeVision.Engines.ClosedSet;

/// <summary>A part of a picture as a network sees it.</summary>
/// <param name="Preprocessor">How the part becomes the network's input.</param>
/// <param name="Region">The part, in pixels of the frame.</param>
internal readonly record struct ClassifierView(ImagePreprocessor Preprocessor, ImageRegion Region)
{
    public void Write(ImageFrame frame, Span<float> destination) =>
        Preprocessor.Write(frame.Pixels, frame.Width, frame.Height, Region, destination);

    /// <summary>What the network really sees of the part (a crop leaves out its border), in fractions of the frame.</summary>
    public ImageBox VisibleRegion(ImageFrame frame)
    {
        ImageRegion visible = Preprocessor.VisibleRegion(frame.Width, frame.Height, Region);
        return new ImageBox(visible.X / frame.Width, visible.Y / frame.Height, visible.Width / frame.Width, visible.Height / frame.Height);
    }
}
