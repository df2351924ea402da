namespace SafeVision.Cli;

/// <summary>What <c>safevision tune</c> tells of its result.</summary>
internal static class TuneReport
{
    public static async Task WriteAsync(TextWriter output, SafetyPolicy before, TuningResult result, string file)
    {
        foreach ((SafetyCategory category, CategoryTuning tuning) in before.Categories.Zip(result.Categories))
        {
            foreach (string line in Lines(category, tuning))
            {
                await output.WriteLineAsync(Terminal.Name(line));
            }
        }

        await output.WriteLineAsync(Terminal.Name(
            $"{Images(result.CalibrationSamples)} set the thresholds and {result.TestSamples} others tested them; {result.Repeated} were copies, {result.Failed} could not be judged."));
        await output.WriteLineAsync(Terminal.Name($"{file}: written. {result.Policy.Name} {result.Policy.Version}, sha256 {result.Policy.ContentHash}"));
    }

    private static IEnumerable<string> Lines(SafetyCategory before, CategoryTuning tuning)
    {
        yield return $"{tuning.Category}: review {Change(before.ReviewAt, tuning.ReviewAt)}, block {Change(before.BlockAt, tuning.BlockAt)}";
        yield return $"    {tuning.Statement}.";
        if (tuning.Test is not { } test)
        {
            yield return "    Nothing was left to test it with.";
            yield break;
        }

        yield return $"    Test: {Rate(test.Counts.FalseNegatives, test.Counts.Positives, 1 - test.Recall.High, 1 - test.Recall.Low)} missed, {Rate(test.Counts.FalsePositives, test.Counts.Negatives, test.FalseAlarms.Low, test.FalseAlarms.High)} of others flagged.";
        if (tuning.IsContradicted)
        {
            yield return "    THIS SPEAKS AGAINST THE PROMISE: the two splits show different images, or chance was unkind. Do not rely on it.";
        }

        if (tuning.FlagsMost)
        {
            yield return "    The promise is kept by flagging most of everything: these models do not tell it from other things, and no threshold will.";
        }

        if (test is { Flagged: { } flagged, Precision: { } precision })
        {
            yield return $"    Where {Percent(test.Prevalence)} of images are {tuning.Category}: {Percent(flagged)} of all are flagged, and {Percent(precision)} of those rightly (at worst {Percent(test.PrecisionAtWorst)}).";
        }
    }

    private static string Change(double before, double after) => before == after ? Number(before) : $"{Number(before)} -> {Number(after)}";

    private static string Rate(long events, long trials, double low, double high) => trials == 0
        ? "none of 0"
        : $"{events} of {trials} ({Percent((double)events / trials)}; {Percent(low)} to {Percent(high)})";

    private static string Images(int count) => $"{count} {(count == 1 ? "image" : "images")}";

    private static string Number(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.##} %");
}
