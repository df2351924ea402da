using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Robustness;

/// <summary>Turns the picture counter-clockwise about its middle; the canvas grows to hold all of it, black in the corners.</summary>
/// <param name="degrees">By how much. Quarter turns move pixels; others interpolate between the four nearest.</param>
internal sealed class Rotation(int degrees) : PictureTransform
{
    private readonly (double Sine, double Cosine) _turn = (degrees % 360) switch
    {
        0 => (0, 1),
        90 => (1, 0),
        180 => (0, -1),
        270 => (-1, 0),
        _ => (Math.Sin(degrees * Math.PI / 180), Math.Cos(degrees * Math.PI / 180)),
    };

    public override Picture Apply(Picture picture, SeededRandom random)
    {
        (int width, int height) = Canvas(picture.Width, picture.Height);
        var turned = new Picture(width, height);
        for (int y = 0; y < height; y++)
        {
            Span<byte> row = turned.Row(y);
            for (int x = 0; x < width; x++)
            {
                // Where the pixel's centre comes from: the turn the other way, seen from both middles.
                (double dx, double dy) = (x + 0.5 - (width / 2.0), y + 0.5 - (height / 2.0));
                double sourceX = (dx * _turn.Cosine) - (dy * _turn.Sine) + (picture.Width / 2.0) - 0.5;
                double sourceY = (dx * _turn.Sine) + (dy * _turn.Cosine) + (picture.Height / 2.0) - 0.5;
                Sample(picture, sourceX, sourceY, row.Slice(x * 3, 3));
            }
        }

        return turned;
    }

    private (int Width, int Height) Canvas(int width, int height)
    {
        (double sine, double cosine) = (Math.Abs(_turn.Sine), Math.Abs(_turn.Cosine));
        return ((int)Math.Ceiling((width * cosine) + (height * sine) - 1e-9), (int)Math.Ceiling((width * sine) + (height * cosine) - 1e-9));
    }

    private static void Sample(Picture picture, double x, double y, Span<byte> pixel)
    {
        (int left, int top) = ((int)Math.Floor(x), (int)Math.Floor(y));
        (double right, double below) = (x - left, y - top);
        for (int channel = 0; channel < 3; channel++)
        {
            double value = ((1 - below) * (((1 - right) * At(picture, left, top, channel)) + (right * At(picture, left + 1, top, channel))))
                + (below * (((1 - right) * At(picture, left, top + 1, channel)) + (right * At(picture, left + 1, top + 1, channel))));
            pixel[channel] = (byte)(value + 0.5);
        }
    }

    private static int At(Picture picture, int x, int y, int channel) =>
        (uint)x < (uint)picture.Width && (uint)y < (uint)picture.Height ? picture.Pixels[(((y * picture.Width) + x) * 3) + channel] : 0;
}
