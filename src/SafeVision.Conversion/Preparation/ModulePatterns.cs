using System.Text.Json;
using System.Text.RegularExpressions;
using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Preparation;

/// <summary>Numbers for some modules, by patterns for the end of their names (peft, utils/other.py, <c>get_pattern_key</c>).</summary>
internal sealed class ModulePatterns
{
    private const int MostPatterns = 4096;
    private const int LongestPattern = 512;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly string _where;
    private readonly List<(Regex Name, double Number)> _patterns = [];

    /// <param name="patterns">From a regular expression to a number; null: none.</param>
    /// <param name="where">For messages.</param>
    /// <exception cref="CheckpointException">There are too many, or one is no regular expression or no number.</exception>
    public ModulePatterns(JsonElement? patterns, string where)
    {
        _where = where;
        if (patterns is not { } given)
        {
            return;
        }

        if (given.GetPropertyCount() > MostPatterns)
        {
            throw new CheckpointException($"{where}: has more than {MostPatterns} patterns.");
        }

        foreach (JsonProperty pattern in given.EnumerateObject())
        {
            if (pattern.Name.Length is 0 or > LongestPattern)
            {
                throw new CheckpointException($"{where}: a pattern has from 1 to {LongestPattern} characters.");
            }

            try
            {
                _patterns.Add((new Regex($@"\A(.*\.)?({pattern.Name})\z", RegexOptions.CultureInvariant, s_patience), CheckpointJson.Number(given, pattern.Name, where)));
            }
            catch (ArgumentException exception)
            {
                throw new CheckpointException($"{where}: '{pattern.Name}' is no regular expression. {exception.Message}", exception);
            }
        }
    }

    /// <summary>The number of the first pattern that fits a module; null: none does.</summary>
    /// <exception cref="CheckpointException">A pattern takes too long.</exception>
    public double? Find(string module)
    {
        foreach ((Regex name, double number) in _patterns)
        {
            try
            {
                if (name.IsMatch(module))
                {
                    return number;
                }
            }
            catch (RegexMatchTimeoutException exception)
            {
                throw new CheckpointException($"{_where}: the pattern {name} takes too long to compare; write the modules' names instead.", exception);
            }
        }

        return null;
    }
}
