using SafeVision.Training.Data.Reports;

namespace SafeVision.Training.Data;

public sealed partial class DataProject
{
    /// <summary>Writes one self-contained page about the project: what each stage did and why images were left out,
    /// balance, duplicates, agreement of judges, and examples with their images, blurred until a reader asks. Nothing
    /// in it is fetched, and every text in it is encoded.</summary>
    /// <param name="path">The file.</param>
    /// <param name="examples">How many images are shown, 0 to 1,000.</param>
    /// <param name="seed">Another seed shows others.</param>
    /// <param name="cancellationToken">Leaves what was there before.</param>
    /// <exception cref="TrainingDataException">Nothing is collected yet, or a file is damaged.</exception>
    public async Task WriteReportAsync(string path, int examples = 24, long seed = 1, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfNegative(examples);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(examples, 1000);
        using var page = new MemoryStream();
        await new DataReport(this, examples, seed).WriteAsync(page, cancellationToken).ConfigureAwait(false);
        WholeFile.Write(path, page.WriteTo);
    }
}
