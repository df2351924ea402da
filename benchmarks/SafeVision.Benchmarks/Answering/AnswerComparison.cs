using System.Globalization;
using SafeVision.Benchmarks.Photographs;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.VisionLanguage;

namespace SafeVision.Benchmarks.Answering;

/// <summary>
/// A vision-language model's answers: ours, transformers.js', and the bare runs of the same graphs. All take turns on the same
/// picture and policy; medians count.
/// </summary>
internal static class AnswerComparison
{
    private const int AnswersAtOnce = 4;

    public static async Task RunAsync(AnswerOptions options, TextWriter output)
    {
        await AnswerAsync(options, output).ConfigureAwait(false);
        await MemoryComparison.RunAsync(options, output).ConfigureAwait(false);
    }

    private static async Task AnswerAsync(AnswerOptions options, TextWriter output)
    {
        using var sessions = new SessionCache();
        ExecutionOptions execution = new ExecutionOptions { Threads = options.Threads }.Validate();
        var modelOptions = new VisionLanguageModelOptions { MaximumTiles = options.Tiles, Sequences = AnswersAtOnce };
        using VisionLanguageModel model = await VisionLanguageModel.LoadAsync(options.Folder, modelOptions, sessions, execution, CancellationToken.None).ConfigureAwait(false);
        using DecodedImage picture = await DecodeAsync(model).ConfigureAwait(false);
        var question = Question.Ask(model, Policies.First, picture.Frames[0], PromptOrder.ImageFirst);
        var policyFirst = Question.Ask(model, Policies.First, picture.Frames[0], PromptOrder.PolicyFirst);
        using NodeAnswers? peer = options.Peer is null ? null : await NodeAnswers.StartAsync(options.Peer, model, options.Threads).ConfigureAwait(false);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{model.Name}, {options.Threads} threads, ONNX Runtime {OnnxRuntime.Version}, .NET {Environment.Version}{(peer is null ? "" : $"; {peer.Versions}")}."));
        output.WriteLine($"A prompt of {question.Count} tokens, {question.Plan.Tokens} of them for {question.Plan.PixelShape[0]} tiles; {options.Tokens} tokens of answer; medians of {options.Rounds} rounds.");
        output.WriteLine();

        using (var bare = new BareAnswers(model, modelOptions, question.Count + options.Tokens))
        {
            var own = new OwnAnswers(model);
            await AgainstOthersAsync(options, question, policyFirst, own, bare, peer, output).ConfigureAwait(false);
            await AtOnceAsync(options, question, own, output).ConfigureAwait(false);
            await PolicyComparison.RunAsync(options, new(sessions, execution), picture.Frames[0], question, bare, output).ConfigureAwait(false);
        }
    }

    private static async Task<DecodedImage> DecodeAsync(VisionLanguageModel model)
    {
        Photograph photograph = PhotographSet.Make("china.jpg", 1200, 800);
        var decode = new ImageDecodeOptions { TargetShortSide = model.Profile.Images.ShortSide };
        return await new SkiaImageDecoder().DecodeAsync(ImageSource.FromBytes(photograph.Bytes), decode, CancellationToken.None).ConfigureAwait(false);
    }

    private static async Task AgainstOthersAsync(
        AnswerOptions options, Question question, Question policyFirst, OwnAnswers own, BareAnswers bare, NodeAnswers? peer, TextWriter output)
    {
        var theirs = new List<AnswerTimes>();
        var ours = new List<AnswerTimes>();
        var known = new List<AnswerTimes>();
        var alone = new List<AnswerTimes>();
        for (int round = -1; round < options.Rounds; round++)
        {
            // The first answers of each side are not counted, and short.
            int tokens = round < 0 ? 2 : options.Tokens;
            AnswerTimes? their = peer is null ? null : await peer.AnswerAsync(question, tokens).ConfigureAwait(false);
            AnswerTimes our = await own.AnswerAsync(question, tokens).ConfigureAwait(false);
            AnswerTimes bareRuns = bare.Answer(question, tokens);
            AnswerTimes reused = await own.AnswerAsync(policyFirst, tokens).ConfigureAwait(false);
            if (round >= 0)
            {
                theirs.AddRange(their is null ? [] : [their]);
                ours.Add(our);
                alone.Add(bareRuns);
                known.Add(reused);
            }
        }

        (AnswerTimes us, AnswerTimes runs) = (AnswerTimes.Median(ours), AnswerTimes.Median(alone));
        output.WriteLine("| answer | first token, ms | tokens a second | ratio to the first row: first token | tokens a second | first token, cpu ms | each other, cpu ms |");
        output.WriteLine("|---|--:|--:|--:|--:|--:|--:|");
        AnswerTimes yardstick = theirs.Count > 0 ? AnswerTimes.Median(theirs) : us;
        if (theirs.Count > 0)
        {
            Row("transformers.js", yardstick);
        }

        Row("ours, picture before the policy", us);
        Row("ours, policy before the picture and known", AnswerTimes.Median(known));
        Row("ONNX Runtime's runs alone, picture before the policy", runs);
        output.WriteLine();
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Share of the runs alone in our time: {Share(answer => answer.First)} of the first token, {Share(answer => answer.Each)} of each other, {Share(answer => answer.Total)} of an answer."));

        string Share(Func<AnswerTimes, Lap> part) => string.Create(
            CultureInfo.InvariantCulture, $"{part(runs).Wall / part(us).Wall:P1} (of processor time {part(runs).Processor / part(us).Processor:P1})");

        void Row(string name, AnswerTimes answer) => output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {answer.First.Wall:0} | {1000 / answer.Each.Wall:0.0} | {answer.First.Wall / yardstick.First.Wall:0.00} | {yardstick.Each.Wall / answer.Each.Wall:0.00} | {answer.First.Processor:0} | {answer.Each.Processor:0.0} |"));
    }

    private static async Task AtOnceAsync(AnswerOptions options, Question question, OwnAnswers own, TextWriter output)
    {
        var apart = new List<Lap>();
        var together = new List<Lap>();
        await own.AnswerAsync(question, 1).ConfigureAwait(false);
        for (int round = -1; round < options.Rounds; round++)
        {
            int tokens = round < 0 ? 2 : options.Tokens;
            Lap one = await own.WriteAsync(question, AnswersAtOnce, tokens, atOnce: false).ConfigureAwait(false);
            Lap all = await own.WriteAsync(question, AnswersAtOnce, tokens, atOnce: true).ConfigureAwait(false);
            if (round >= 0)
            {
                apart.Add(one);
                together.Add(all);
            }
        }

        (Lap each, Lap whole) = (Lap.Median(apart), Lap.Median(together));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{AnswersAtOnce} answers of {options.Tokens} tokens: one after the other {each.Wall:0} ms, at once {whole.Wall:0} ms, {each.Wall / whole.Wall:0.00} times as fast (in processor time {each.Processor / whole.Processor:0.00} times)."));
    }
}
