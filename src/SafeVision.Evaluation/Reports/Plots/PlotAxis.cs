using System.Globalization;

namespace SafeVision.Evaluation.Reports.Plots;

/// <summary>An axis of a drawing.</summary>
/// <param name="Title">What its numbers are.</param>
/// <param name="Least">The smallest number.</param>
/// <param name="Most">The largest number.</param>
/// <param name="Ticks">Where it is marked, and with what.</param>
internal sealed record PlotAxis(string Title, double Least, double Most, IReadOnlyList<(double At, string Text)> Ticks)
{
    /// <summary>An axis for shares, 0 to 1.</summary>
    public static PlotAxis Share(string title) =>
        new(title, 0, 1, [.. Enumerable.Range(0, 6).Select(i => (i / 5.0, (i / 5.0).ToString("0.0", CultureInfo.InvariantCulture)))]);

    /// <summary>An axis of names, each at a whole number.</summary>
    public static PlotAxis Names(string title, IReadOnlyList<string> names, bool downwards)
    {
        (double At, string Text)[] ticks = [.. names.Select((name, i) => ((double)(downwards ? names.Count - 1 - i : i), name))];
        return new PlotAxis(title, -0.5, names.Count - 0.5, ticks);
    }
}
