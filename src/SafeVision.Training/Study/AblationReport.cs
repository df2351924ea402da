using System.Globalization;
using System.Text;
using SafeVision.Training.Runs;

namespace SafeVision.Training.Study;

/// <summary>Writes a study down as a page.</summary>
public static class AblationReport
{
    /// <summary>The page in Markdown.</summary>
    /// <param name="variants">What was measured.</param>
    /// <param name="options">How large the study was.</param>
    /// <param name="command">The command that repeats it.</param>
    public static string Write(IReadOnlyList<AblationVariant> variants, AblationOptions options, string command)
    {
        ArgumentNullException.ThrowIfNull(variants);
        ArgumentNullException.ThrowIfNull(options);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # What the parts of the training are worth, at small size

            A small InternVL (1.8 million parameters, twelve drawn things) learns to see and a little to answer; then each variant trains it {options.Steps} steps of 32 questions further on {options.Images} images, differing from the default in one thing. All are asked the same {2 * options.TestImages} questions: scenes of another seed, under policies that no training question had, each image once under a policy that forbids something in it and once with another name in its place, so that always "safe" is right in half and never turns a pair. Means over {options.Seeds} seeds of data and training; in brackets the 95 % interval of the answers (Wilson, all seeds together); the last column is the spread between seeds, from the lowest to the highest.

            What such a size can't show: anything about photographs, long reasons, or models that were trained before. Where intervals overlap, no order is shown.

                {command}

            | what is varied | variant | exactly right | pairs both right | ROC-AUC | calibration error | reasons that name what is there | seeds from … to |
            |---|---|---|---|---|---|---|---|

            """);
        foreach (AblationVariant variant in variants)
        {
            IReadOnlyList<VerdictMetrics> results = variant.Results;
            int asked = results.Sum(result => result.Samples);
            double[] interval = VerdictMetrics.Wilson((int)Math.Round(results.Sum(result => result.Right * result.Samples)), asked);
            text.AppendLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {variant.Group} | {variant.Name} | {results.Average(result => result.Right):0.000} [{interval[0]:0.000}, {interval[1]:0.000}] | {Mean(result => result.Flips)} | {Mean(result => result.RocAuc)} | {results.Average(result => result.CalibrationError):0.000} | {Mean(result => result.ReasonsNameWhatIsThere)} | {results.Min(result => result.Right):0.000} … {results.Max(result => result.Right):0.000} |"));

            string Mean(Func<VerdictMetrics, double?> value) => results.Select(value).OfType<double>().ToArray() is { Length: > 0 } known ? known.Average().ToString("0.000", CultureInfo.InvariantCulture) : "-";
        }

        return text.ToString().ReplaceLineEndings("\n");
    }
}
