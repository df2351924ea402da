namespace SafeVision.Evaluation.Symbols.Scenes;

/// <summary>What of a picture is taken. Lengths are fractions of its side.</summary>
internal sealed class Room
{
    private readonly List<(double Left, double Top, double Right, double Bottom)> _taken = [];

    /// <summary>Takes a square.</summary>
    public void Take(double x, double y, double size) => Take(x - (size / 2), y - (size / 2), x + (size / 2), y + (size / 2));

    /// <summary>Takes a rectangle.</summary>
    public void Take(double left, double top, double right, double bottom) => _taken.Add((left, top, right, bottom));

    /// <summary>Finds a place for a square that overlaps what is taken by a tenth of itself at most.</summary>
    public bool TryFind(double size, SeededRandom random, out double x, out double y)
    {
        for (int attempt = 0; attempt < 40; attempt++)
        {
            double cx = random.Next((size / 2) + 0.01, 0.99 - (size / 2));
            double cy = random.Next((size / 2) + 0.01, 0.99 - (size / 2));
            double overlap = _taken.Sum(other =>
                Math.Max(0, Math.Min(cx + (size / 2), other.Right) - Math.Max(cx - (size / 2), other.Left))
                * Math.Max(0, Math.Min(cy + (size / 2), other.Bottom) - Math.Max(cy - (size / 2), other.Top)));
            if (overlap <= 0.1 * size * size)
            {
                (x, y) = (cx, cy);
                return true;
            }
        }

        (x, y) = (0, 0);
        return false;
    }
}
