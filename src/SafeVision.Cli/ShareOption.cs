using System.CommandLine;
using System.Globalization;

namespace SafeVision.Cli;

/// <summary>An option that takes a share of a whole.</summary>
internal static class ShareOption
{
    /// <summary>An option for a number above 0 and below 1; null where the command line does not have it.</summary>
    public static Option<double?> Create(string name, string description)
    {
        var option = new Option<double?>(name)
        {
            Description = description,
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                if (double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double share) && share is > 0 and < 1)
                {
                    return share;
                }

                result.AddError($"{name} must be a share above 0 and below 1, such as 0.05, but is '{text}'.");
                return null;
            },
        };
        return option;
    }
}
