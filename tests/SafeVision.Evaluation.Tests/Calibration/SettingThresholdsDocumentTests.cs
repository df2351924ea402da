using System.Globalization;
using SafeVision.Evaluation.Calibration;

namespace SafeVision.Evaluation.Tests.Calibration;

/// <summary>docs/setting-thresholds.md, held to what is computed.</summary>
public sealed class SettingThresholdsDocumentTests
{
    [Fact]
    public void The_table_of_images_that_a_promise_takes_is_the_one_that_tuning_demands()
    {
        string[][] rows = [.. File.ReadLines(Repository.Fixture("setting-thresholds.md")).Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Select(line => line.Trim('|', ' ').Split(" | "))];
        double[] confidences = [.. rows[0].Skip(1).SkipLast(1).Select(Share)];
        Assert.Equal((4, 3), (rows.Length, confidences.Length));
        foreach (string[] row in rows[1..])
        {
            IEnumerable<int> needed = confidences.Select(confidence => ConformalThreshold.ForMisses([], Share(row[0]), confidence).SamplesNeeded)
                .Append(ConformalThreshold.ForMisses([], Share(row[0])).SamplesNeeded);
            Assert.Equal(row.Skip(1).Select(cell => int.Parse(cell, CultureInfo.InvariantCulture)), needed);
        }
    }

    private static double Share(string text) => double.Parse(text.Split(' ')[0], CultureInfo.InvariantCulture) / 100;
}
