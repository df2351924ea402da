namespace SafeVision.Training.Study;

/// <summary>Writes a study down as a page.</summary>
internal static class AblationReport
{
    private const double Z = 1.959964; // 95 %

    /// <summary>The page in Markdown.</summary>
    /// <param name="options">How large the study was, with the seeds that count.</param>
    /// <param name="command">The command that repeats it.</param>
    public static string Write(IReadOnlyList<AblationResult> results, AblationOptions options, string command)
    {
        Row[] rows = [.. AblationPlan.All.Select(plan => Row.Of(plan, results, options.Seeds))];
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # What the parts of the training are worth, at small size

            A small InternVL (1.8 million parameters, eight drawn things, 112 pixels, policies that forbid one to four of them) whose vision tower has learnt in {options.TileSteps} steps what is where learns to answer in {options.LanguageSteps} steps of 112 questions, in several ways. The one that learnt from policies and check lists is the base. It is trained further as a user would, on what it was not made for: {options.Steps} steps of {options.Rows} questions on {options.Images} images in which another hand drew the things (Twemoji's, where the base learnt Fluent Emoji's), under policies, in ways that differ in one thing each (dpo takes a quarter of the questions, each with two answers; grpo a quarter with six, and half of the steps). All are asked the same {2 * options.TestImages} questions for each of {options.Seeds} {(options.Seeds == 1 ? "seed" : "seeds")}: other scenes by the hand of the further training, under policies that no training question had, each image once under a policy that forbids something in it and once with another name in its place. So always "safe" is right in 0.500, and never turns a pair.

            Written by the command below, which goes on where it was stopped; figures are means over seeds, of which each has its own weights, scenes and order.

            ```text
            {command}
            ```

            | what is varied | variant | exactly right | difference | pairs both right | ROC-AUC | calibration error | harmful found | falsely accused | reasons that name a thing there | the offender | difference of each seed |
            |---|---|---|---|---|---|---|---|---|---|---|---|

            """);
        foreach (Row row in rows)
        {
            text.AppendLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {row.Plan.Group} | {row.Plan.Name} | {row.Right:0.000} [{row.Low:0.000}, {row.High:0.000}] | {row.Difference} | {row.Mean(metrics => metrics.Flips)} | {row.Mean(metrics => metrics.RocAuc)} | {row.Mean(metrics => metrics.CalibrationError)} | {row.Mean(metrics => metrics.Recall)} | {row.Mean(metrics => metrics.FalsePositives)} | {row.Part(result => result.NamePresent)} | {row.Part(result => result.NameOffender)} | {string.Join(' ', row.BySeed.Select(mean => mean.ToString("+0.000;-0.000;0.000", CultureInfo.InvariantCulture)))} |"));
        }

        text.Append(CultureInfo.InvariantCulture, $"""

            *Exactly right*: the verdict with its category; in brackets Wilson's 95 % interval over all answers. *Difference*: to the variant that is named, on the same questions; in brackets the 95 % interval of the paired difference, with an image's two questions taken together. *The offender*: of reasons for right verdicts, those that name the very thing that the policy forbids; "-" where no verdict of the kind was right. *Harmful found* and *falsely accused*: how often something was said to be forbidden where it is, and where it is not; a loss that favours a verdict moves both, ROC-AUC does not depend on it.

            ## What this shows

            {Said("Better than what they differ from", rows, row => row.IsBetter)}
            {Said("Worse", rows, row => row.IsWorse)}
            {Said("No difference shown", rows, row => !row.IsBetter && !row.IsWorse)}

            Better and worse are those whose interval leaves out 0 and whose seeds all say the same.{Labels(results, options.Seeds)}

            ## What it does not show

            Anything about photographs, long reasons, larger models, or models that were trained before: symbols of two icon sets, in a model that learnt all it knows in minutes. The intervals hold for other questions to the same trained models; what other seeds would give, only the last column hints at. Of {rows.Count(row => row.Difference != "")} differences one in twenty lies outside its interval by chance.

            """);
        return text.ToString().ReplaceLineEndings("\n");
    }

    private static string Said(string title, Row[] rows, Func<Row, bool> chosen)
    {
        string[] said = [.. rows.Where(row => row.Difference != "" && chosen(row)).Select(row => $"{row.Plan.Name} ({row.Plan.Group.ToLowerInvariant()})")];
        return $"- **{title}**: {(said.Length == 0 ? "none" : string.Join("; ", said))}.";
    }

    /// <summary>What voting left out, where a fifth of the labels was wrong.</summary>
    private static string Labels(IReadOnlyList<AblationResult> results, int seeds)
    {
        LabelsLeftOut[] all = [.. results.Where(result => result.Seed <= seeds).Select(result => result.LeftOut).OfType<LabelsLeftOut>()];
        return all.Length == 0 ? "" : string.Create(
            CultureInfo.InvariantCulture,
            $" Of {all.Sum(seed => seed.Labels)} labels, {all.Sum(seed => seed.Wrong)} of them wrong, the model of the first round rejected {all.Sum(seed => seed.Rejected)}, of which {all.Sum(seed => seed.RejectedWrong)} were wrong.");
    }

    /// <summary>The mean of paired differences and half of its 95 % interval, from what each image adds.</summary>
    internal static (double Mean, double Half) Paired(IReadOnlyList<double> differences)
    {
        double mean = differences.Average();
        double variance = differences.Sum(difference => (difference - mean) * (difference - mean)) / Math.Max(1, differences.Count - 1);
        return (mean, Z * Math.Sqrt(variance / differences.Count));
    }

    private sealed record Row(AblationPlan Plan, IReadOnlyList<AblationResult> Results, double Right, double Low, double High)
    {
        public string Difference { get; private init; } = "";
        public IReadOnlyList<double> BySeed { get; private init; } = [];
        public bool IsBetter { get; private init; }
        public bool IsWorse { get; private init; }

        public static Row Of(AblationPlan plan, IReadOnlyList<AblationResult> all, int seeds)
        {
            AblationResult[] own = Find(plan.Group, plan.Name);
            int asked = own.Sum(result => result.Metrics.Samples), right = own.Sum(result => result.Right.Sum());
            double[] interval = VerdictMetrics.Wilson(right, asked);
            var row = new Row(plan, own, right / (double)asked, interval[0], interval[1]);
            if (plan.Against is not { } against)
            {
                return row;
            }

            AblationPlan other = AblationPlan.All.First(plan => plan.Name == against);
            double[][] differences = [.. own.Zip(Find(other.Group, other.Name)).Select(pair => pair.First.Right.Zip(pair.Second.Right, (mine, its) => (mine - its) / 2.0).ToArray())];
            double[] bySeed = [.. differences.Select(seed => seed.Average())];
            (double mean, double half) = Paired([.. differences.SelectMany(seed => seed)]);
            return row with
            {
                BySeed = bySeed,
                IsBetter = mean > half && bySeed.All(mean => mean > 0),
                IsWorse = mean < -half && bySeed.All(mean => mean < 0),
                Difference = string.Create(CultureInfo.InvariantCulture, $"{mean:+0.000;-0.000;0.000} [{mean - half:+0.000;-0.000;0.000}, {mean + half:+0.000;-0.000;0.000}] to \"{other.Name}\""),
            };

            AblationResult[] Find(string group, string name) => [.. all.Where(result => result.Group == group && result.Name == name && result.Seed <= seeds).OrderBy(result => result.Seed)];
        }

        public string Mean(Func<VerdictMetrics, double?> value) => Results.Select(result => value(result.Metrics)).OfType<double>().ToArray() is { Length: > 0 } known ? known.Average().ToString("0.000", CultureInfo.InvariantCulture) : "-";

        public string Part(Func<AblationResult, int> counted) => Results.Sum(result => result.Reasons) is > 0 and var reasons ? (Results.Sum(counted) / (double)reasons).ToString("0.000", CultureInfo.InvariantCulture) : "-";
    }
}
