using System.CommandLine;
using System.Globalization;

namespace SafeVision.Cli;

/// <summary>An option that takes a whole number within bounds.</summary>
internal static class NumberOption
{
    /// <summary>An option for 1 to <paramref name="most"/>; null where the command line does not have it.</summary>
    public static Option<int?> Create(string name, string description, int most)
    {
        var option = new Option<int?>(name) { Description = description };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !(int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= 1 && number <= most))
            {
                result.AddError($"{name} must be a whole number from 1 to {most}, but is '{token.Value}'.");
            }
        });
        return option;
    }
}
