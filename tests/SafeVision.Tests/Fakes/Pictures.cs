namespace SafeVision.Tests.Fakes;

/// <summary>Images that need no file.</summary>
internal static class Pictures
{
    public static ImageSource Gray(int width = 32, int height = 24) =>
        ImageSource.FromPixels(Enumerable.Repeat((byte)128, width * height).ToArray(), width, height, SafeVision.Imaging.PixelFormat.Gray8);

    public static ImageSource Broken() => ImageSource.FromBytes("this is no picture"u8.ToArray());
}
