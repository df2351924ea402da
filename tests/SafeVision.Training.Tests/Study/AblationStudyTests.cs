using System.Text.RegularExpressions;
using SafeVision.Tests;
using SafeVision.Training.Cli;
using SafeVision.Training.Study;

namespace SafeVision.Training.Tests.Study;

/// <summary>The study of what the parts of the training are worth, at a size that shows that it runs and nothing else.</summary>
public sealed partial class AblationStudyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task The_committed_report_has_the_form_that_the_command_writes_and_a_stopped_study_goes_on_with_what_it_has_measured()
    {
        string study = Path.Combine(_folder.Path, "study"), page = Path.Combine(_folder.Path, "report.md"), results = Path.Combine(study, "results.jsonl");
        string[] line = ["ablate", "--folder", study, "--output", page, "--seeds", "1", "--tile-steps", "2", "--language-steps", "2", "--steps", "2", "--rows", "4", "--images", "12", "--test-images", "6"];
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using var output = new StringWriter();
        using var error = new Stopping("one for all images", stop);
        Assert.NotEqual(0, await TrainingCommandLine.RunAsync(line, output, error, stop.Token));
        string[] measured = await File.ReadAllLinesAsync(results, TestContext.Current.CancellationToken);
        Assert.InRange(measured.Length, 10, AblationPlan.All.Count - 1);
        Assert.False(File.Exists(page));
        await File.AppendAllTextAsync(results, "{\"group\":\"torn", TestContext.Current.CancellationToken);

        Assert.True(await TrainingCommandLine.RunAsync(line, output, TextWriter.Null, TestContext.Current.CancellationToken) == 0, output.ToString());
        Assert.Equal(measured, (await File.ReadAllLinesAsync(results, TestContext.Current.CancellationToken)).Take(measured.Length));

        string written = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken), committed = await File.ReadAllTextAsync(Repository.PathOf("docs/training-report.md"), TestContext.Current.CancellationToken);
        Assert.Equal(AblationPlan.All.Count, Row.Count(written));
        Assert.Equal(Form(written), Form(committed));
    }

    [Fact]
    public void A_paired_difference_has_the_interval_of_what_each_image_adds()
    {
        (double mean, double half) = AblationReport.Paired([1, 0, 0.5, 0.5]);

        Assert.Equal(0.5, mean, 12);
        Assert.Equal(1.959964 * Math.Sqrt(0.5 / 3 / 4), half, 12);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Headings, columns, variants and sentences, without the numbers and without what follows from them.</summary>
    private static string[] Form(string page) =>
    [
        .. page.Split('\n')
            .Select(line => line.StartsWith("- **", StringComparison.Ordinal) ? line[..line.IndexOf(':', StringComparison.Ordinal)] : line)
            .Select(line => line.StartsWith("| ", StringComparison.Ordinal) ? string.Join('|', line.Split('|').Take(3)) + line.Count(letter => letter == '|') : line)
            .Select(line => Number.Replace(line.Replace("seeds", "seed", StringComparison.Ordinal), "#")),
    ];

    [GeneratedRegex(@"[0-9]+(\.[0-9]+)?")]
    private static partial Regex Number { get; }

    [GeneratedRegex(@"^\| (?!what )", RegexOptions.Multiline)]
    private static partial Regex Row { get; }

    /// <summary>Stops when the study begins a variant.</summary>
    private sealed class Stopping(string variant, CancellationTokenSource stop) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            if (value?.Contains(variant, StringComparison.Ordinal) == true)
            {
                stop.Cancel();
            }
        }
    }
}
