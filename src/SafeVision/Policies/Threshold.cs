using System.Globalization;

namespace SafeVision.Policies;

/// <summary>What a threshold may be, and how a message says that it may not.</summary>
internal static class Threshold
{
    /// <summary>The threshold if it is above 0 and at most 1; otherwise null, and an error where one was written.</summary>
    public static double? Check(string what, Placed<double>? written, PolicyErrors errors)
    {
        if (written is not { Value: double value, Place: Place place })
        {
            return null;
        }

        if (value is > 0 and <= 1)
        {
            return value;
        }

        string reason = value switch
        {
            0 => "0 would stop every image; a threshold is above 0 and at most 1",
            >= 2 and <= 100 => $"{Show(value)} is not above 0 and at most 1; {Show(value)} % is written {Show(value / 100)}",
            _ => $"{Show(value)} is not above 0 and at most 1",
        };
        errors.Add(place, $"{what} threshold {reason}");
        return null;
    }

    /// <summary>The message for a block threshold below the review threshold.</summary>
    public static string Crossed(string whose, double review, string reviewFrom, double block, string blockFrom) =>
        $"{whose}: block {Show(block)}{blockFrom} is below review {Show(review)}{reviewFrom}; an image would be blocked before it is reviewed";

    private static string Show(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
