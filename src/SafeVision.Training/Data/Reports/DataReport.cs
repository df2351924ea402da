using SafeVision.Evaluation.Reports.Pages;

namespace SafeVision.Training.Data.Reports;

/// <summary>One page about a project: what each stage did, balance, duplicates, agreement of judges, and examples with their images.</summary>
internal sealed class DataReport(DataProject project, int examples, long seed)
{
    private const int MostReasons = 5;
    private const int LongestText = 600;
    private const int ThumbnailSide = 240;

    private static readonly SkiaImageDecoder s_decoder = new();

    private readonly HtmlBuilder _page = new();

    public async Task WriteAsync(Stream stream, CancellationToken cancellationToken)
    {
        Dictionary<string, List<ImageRecord>> stages = [];
        foreach (string stage in DataProject.Stages.Where(stage => StageFolder.Exists(project.StageFolderOf(stage))))
        {
            stages[stage] = await StageFolder.ReadAsync(project.StageFolderOf(stage), cancellationToken).Select(record => stage is DataProject.Generate or DataProject.Vote ? record : record with { Objects = null }).ToListAsync(cancellationToken).ConfigureAwait(false);
        }

        if (stages.Count == 0)
        {
            throw new TrainingDataException($"'{project.Folder}' has no images yet: collect some first.");
        }

        Stages(stages);
        Dictionary<string, TrainingSplit> splits = stages.GetValueOrDefault(DataProject.Split, []).Where(record => record.Split is not null).ToDictionary(record => record.Key, record => record.Split!.Value, StringComparer.Ordinal);
        List<ImageRecord> images = stages.Where(stage => stage.Key != DataProject.Split).Last().Value;
        Balance([.. images.Where(image => image.Outcome == StageOutcome.Kept)], splits);
        Duplicates(stages);
        Judges(stages.GetValueOrDefault(DataProject.Vote, []));
        await ExamplesAsync([.. images.Where(image => image.Outcome == StageOutcome.Kept)], splits, cancellationToken).ConfigureAwait(false);
        Markup lead = new HtmlBuilder().Append($"<p>{stages[DataProject.Collect].Count} images, stages: {string.Join(", ", stages.Keys)}.</p>").ToMarkup();
        await HtmlBuilder.WritePageAsync(stream, "Training data", lead, _page.ToMarkup(), new HtmlBuilder().Append($"<p class=\"quiet\">Made from the records of the stages; nothing in it is fetched.</p>").ToMarkup(), cancellationToken).ConfigureAwait(false);
    }

    private void Stages(Dictionary<string, List<ImageRecord>> stages)
    {
        Open("stages", "Stages", "stage", "kept", "dropped", "failed", "why, most often");
        foreach ((string stage, List<ImageRecord> records) in stages)
        {
            // A reason names images and numbers; what is left of it is its kind.
            var reasons = records.Where(record => record.Why is not null).GroupBy(record => KindOf(record.Why!)).OrderByDescending(group => group.Count()).Take(MostReasons);
            Row(stage, [.. Enum.GetValues<StageOutcome>().Select(outcome => Text(records.Count(record => record.Outcome == outcome)))], string.Join(" · ", reasons.Select(group => $"{group.Count()} × {group.First().Why}")));
        }

        Close();
        foreach (string stage in stages.Keys)
        {
            _page.Append($"<p class=\"quiet\"><strong>{stage}</strong>: {string.Join("; ", StageFolder.ReadState(project.StageFolderOf(stage)).Options.Select(option => $"{option.Key}: {option.Value}"))}</p>");
        }

        _page.Append($"</section>");
    }

    private void Balance(IReadOnlyList<ImageRecord> images, Dictionary<string, TrainingSplit> splits)
    {
        string[] columns = [.. Enum.GetNames<TrainingSplit>(), "no split", "all"];
        Open("balance", "Balance", ["images of", .. columns]);
        string?[] labels = [null, .. images.SelectMany(image => image.Labels ?? []).Distinct().Order(StringComparer.Ordinal)];
        foreach (string? label in labels)
        {
            Row(label ?? "harmless", Counts(images.Where(image => label is null ? image.Labels is { Count: 0 } : image.Labels?.Contains(label) == true).Select(image => image.Key)));
        }

        Row("nobody said", Counts(images.Where(image => image.Labels is null).Select(image => image.Key)));
        Close();
        TrainingSample[] samples = [.. images.SelectMany(image => image.Samples ?? [])];
        if (samples.Length > 0)
        {
            Dictionary<string, string> imageOf = images.SelectMany(image => (image.Samples ?? []).Select(sample => (sample.Id, image.Key))).ToDictionary(pair => pair.Id, pair => pair.Key, StringComparer.Ordinal);
            Table(["questions of the kind", .. columns]);
            foreach (QuestionKind kind in Enum.GetValues<QuestionKind>())
            {
                Row(NameConverter<QuestionKind>.NameOf(kind), Counts(samples.Where(sample => sample.Kind == kind).Select(sample => imageOf[sample.Id])));
            }

            Row("verdict: safe", Counts(samples.Where(sample => sample is { Kind: QuestionKind.Policy, Category: null }).Select(sample => imageOf[sample.Id])));
            Row("verdict: a category", Counts(samples.Where(sample => sample is { Kind: QuestionKind.Policy, Category: not null }).Select(sample => imageOf[sample.Id])));
            Row("with a partner", Counts(samples.Where(sample => sample.Pair is not null).Select(sample => imageOf[sample.Id])));
            Close();
        }

        _page.Append($"</section>");

        string[] Counts(IEnumerable<string> keys)
        {
            string[] all = [.. keys];
            return [.. Enum.GetValues<TrainingSplit>().Select(split => Text(all.Count(key => splits.TryGetValue(key, out TrainingSplit own) && own == split))), Text(all.Count(key => !splits.ContainsKey(key))), Text(all.Length)];
        }
    }

    private void Duplicates(Dictionary<string, List<ImageRecord>> stages)
    {
        int same = stages[DataProject.Collect].Count(record => record.Why?.StartsWith("It is the same file as", StringComparison.Ordinal) == true);
        Open("duplicates", "Duplicates", "what", "images");
        Row("the same file as another: dropped", [Text(same)]);
        if (stages.TryGetValue(DataProject.Split, out List<ImageRecord>? split))
        {
            int[] groups = [.. split.GroupBy(record => record.Group).Select(group => group.Count()).Where(count => count > 1)];
            Row("look alike or are edited twins: kept in one split", [Text(groups.Sum())]);
            Row("groups of such images", [Text(groups.Length)]);
            Row("the largest group", [Text(groups.DefaultIfEmpty(0).Max())]);
            Row("would have stood in two splits: dropped", [Text(split.Count(record => record.Outcome == StageOutcome.Dropped))]);
        }

        Close();
        _page.Append($"</section>");
    }

    private void Judges(IReadOnlyList<ImageRecord> records)
    {
        CastVote[][] ballots = [.. records.SelectMany(record => (record.Votes ?? []).GroupBy(vote => vote.Category)).Select(group => group.ToArray())];
        string[] judges = [.. ballots.SelectMany(ballot => ballot).Select(vote => vote.Judge).Distinct().Order(StringComparer.Ordinal)];
        if (judges.Length == 0)
        {
            return;
        }

        Open("judges", "Judges", "judge", "yes", "no", "abstained");
        foreach (string judge in judges)
        {
            JudgeVote[] own = [.. ballots.SelectMany(ballot => ballot).Where(vote => vote.Judge == judge).Select(vote => vote.Vote)];
            Row(judge, [Text(own.Count(vote => vote == JudgeVote.Yes)), Text(own.Count(vote => vote == JudgeVote.No)), Text(own.Count(vote => vote == JudgeVote.Abstain))]);
        }

        Close();
        Table("two judges", "both had an opinion", "agreed", "Cohen's kappa");
        foreach ((string first, string second) in judges.SelectMany((first, i) => judges.Skip(i + 1).Select(second => (first, second))))
        {
            (bool A, bool B)[] both = [.. ballots.Select(ballot => (A: Find(ballot, first), B: Find(ballot, second))).Where(pair => pair.A is not null && pair.B is not null).Select(pair => (pair.A!.Value, pair.B!.Value))];
            Row($"{first}, {second}", [Text(both.Length), Share(both.Length == 0 ? null : both.Count(pair => pair.A == pair.B) / (double)both.Length), Share(JudgeAgreement.Kappa(both))]);
        }

        Close();
        _page.Append($"</section>");

        static bool? Find(CastVote[] ballot, string judge) => Array.Find(ballot, vote => vote.Judge == judge)?.Vote switch { JudgeVote.Yes => true, JudgeVote.No => false, _ => null };
    }

    private async Task ExamplesAsync(IReadOnlyList<ImageRecord> images, Dictionary<string, TrainingSplit> splits, CancellationToken cancellationToken)
    {
        Random random = DataProject.RandomOf(seed, "examples");
        ImageRecord[] chosen = random.Shuffled(images);
        _page.Append($"<section aria-labelledby=\"examples\"><h2 id=\"examples\">Examples</h2><p>Images are blurred, because some are hard to look at. Click one, or press space on it, to see it.</p><div class=\"mistakes\">");
        foreach (ImageRecord image in chosen.Take(examples))
        {
            _page.Append($"<article class=\"mistake\">");
            try
            {
                (string data, int width, int height) = await ThumbnailAsync(project.OpenImage(image), cancellationToken).ConfigureAwait(false);
                _page.Append($"<label class=\"image\"><input type=\"checkbox\" aria-label=\"Show the image {image.Key}\"><span class=\"frames one\"><span><img src=\"{new Markup(data)}\" width=\"{width}\" height=\"{height}\" alt=\"{image.Key}\"></span></span><span class=\"hint\" aria-hidden=\"true\"><span>Show</span></span></label>");
            }
            catch (ImageRejectedException error)
            {
                _page.Append($"<p class=\"quiet\">No image: <bdi>{error.Message}</bdi></p>");
            }

            _page.Append($"<h3><bdi>{image.Key}</bdi></h3><p>{(splits.TryGetValue(image.Key, out TrainingSplit split) ? split.ToString() : "no split")}; labels: <bdi>{(image.Labels is null ? "nobody said" : image.Labels.Count == 0 ? "harmless" : string.Join(", ", image.Labels))}</bdi></p><p class=\"quiet\"><bdi>{Cut(image.Provenance.Source)}</bdi> ({image.Provenance.Licence ?? "licence unknown"})</p>");
            if (image.Samples is { Count: > 0 } samples)
            {
                TrainingSample sample = samples[random.Next(samples.Count)];
                _page.Append($"<p><strong>{NameConverter<QuestionKind>.NameOf(sample.Kind)}</strong></p>");
                foreach (TrainingTurn turn in sample.Turns)
                {
                    _page.Append($"<p class=\"quiet\"><bdi>{Cut(turn.Question)}</bdi></p><p>“<bdi>{Cut(turn.Answer)}</bdi>”</p>");
                }
            }

            _page.Append($"</article>");
        }

        _page.Append($"</div></section>");
    }

    private static async Task<(string Data, int Width, int Height)> ThumbnailAsync(ImageSource source, CancellationToken cancellationToken)
    {
        using DecodedImage image = await s_decoder.DecodeAsync(source, new ImageDecodeOptions { MaxSampledFrames = 1, TargetShortSide = ThumbnailSide }, cancellationToken).ConfigureAwait(false);
        ImageFrame frame = image.Frames[0];
        using SKImage full = RgbImage.From(frame.Pixels, frame.Width, frame.Height);
        double scale = Math.Min(1, (double)ThumbnailSide / Math.Max(frame.Width, frame.Height));
        var size = new SKImageInfo(Math.Max(1, (int)(frame.Width * scale)), Math.Max(1, (int)(frame.Height * scale)), SKColorType.Rgba8888, SKAlphaType.Opaque);
        using var small = new SKBitmap(size);
        full.ScalePixels(small.PeekPixels(), new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        using SKData jpeg = small.Encode(SKEncodedImageFormat.Jpeg, 75);
        return ($"data:image/jpeg;base64,{Convert.ToBase64String(jpeg.AsSpan())}", size.Width, size.Height);
    }

    private void Open(string id, string title, params string[] columns)
    {
        _page.Append($"<section aria-labelledby=\"{id}\"><h2 id=\"{id}\">{title}</h2>");
        Table(columns);
    }

    private void Table(params string[] columns)
    {
        _page.Append($"<div class=\"scroll\"><table><thead><tr>");
        foreach (string column in columns)
        {
            _page.Append($"<th scope=\"col\">{column}</th>");
        }

        _page.Append($"</tr></thead><tbody>");
    }

    private void Row(string name, IReadOnlyList<string> numbers, string? words = null)
    {
        _page.Append($"<tr><th scope=\"row\"><bdi>{name}</bdi></th>");
        foreach (string number in numbers)
        {
            _page.Append($"<td>{number}</td>");
        }

        if (words is not null)
        {
            _page.Append($"<td class=\"words\"><bdi>{Cut(words)}</bdi></td>");
        }

        _page.Append($"</tr>");
    }

    private void Close() => _page.Append($"</tbody></table></div>");

    private static string KindOf(string why) => new([.. why.Where(letter => letter is not '/' && !char.IsDigit(letter)).Take(30)]);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Share(double? share) => share is { } number ? number.ToString("0.00", CultureInfo.InvariantCulture) : "–";

    private static string Cut(string? text) => text is null ? "" : text.Length > LongestText ? $"{text[..LongestText]} …" : text;
}

/// <summary>How far two judges agree beyond chance.</summary>
internal static class JudgeAgreement
{
    /// <summary>Cohen's kappa (1960); null where chance alone would agree always, or there is no vote.</summary>
    public static double? Kappa(IReadOnlyList<(bool A, bool B)> votes)
    {
        if (votes.Count == 0)
        {
            return null;
        }

        double agreed = votes.Count(vote => vote.A == vote.B) / (double)votes.Count, a = votes.Count(vote => vote.A) / (double)votes.Count, b = votes.Count(vote => vote.B) / (double)votes.Count;
        double chance = (a * b) + ((1 - a) * (1 - b));
        return chance < 1 ? (agreed - chance) / (1 - chance) : null;
    }
}
