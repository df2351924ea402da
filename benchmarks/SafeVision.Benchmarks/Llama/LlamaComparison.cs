using System.Globalization;
using SafeVision.Benchmarks.Answering;
using SafeVision.Inference;
using SafeVision.VisionLanguage;
using SafeVision.VisionLanguage.Generation;

namespace SafeVision.Benchmarks.Llama;

/// <summary>
/// A converted language model's answers to prompts of token ids against a peer's with the same shape: llama.cpp's or
/// OnnxRuntimeGenAI's, with the beginning of the prompt new and known. The two take turns, each alone on the machine while it works; medians count.
/// </summary>
internal static class LlamaComparison
{
    private const int PromptTokens = 512;
    private const int KnownTokens = 384;

    public static async Task RunAsync(AnswerOptions options, string file, TextWriter output)
    {
        string script = options.Peer ?? throw new ArgumentException("--peer names the script or assembly that runs the peer.");
        using var sessions = new SessionCache();
        ExecutionOptions execution = new ExecutionOptions { Threads = options.Threads }.Validate();
        using VisionLanguageModel model = await VisionLanguageModel.LoadAsync(
            options.Folder, new VisionLanguageModelOptions { Sequences = 1 }, sessions, execution, CancellationToken.None).ConfigureAwait(false);
        using LlamaAnswers peer = await LlamaAnswers.StartAsync(script, Path.GetFullPath(file), PromptTokens + options.Tokens + 1, options.Threads).ConfigureAwait(false);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{model.Name}, {options.Threads} threads, ONNX Runtime {OnnxRuntime.Version}, .NET {Environment.Version}; {peer.Versions}."));
        output.WriteLine($"A prompt of {PromptTokens} tokens, {KnownTokens} of them a policy's; {options.Tokens} tokens of answer, medians of {options.Rounds} rounds.");
        output.WriteLine();

        var own = new OwnAnswers(model);
        (List<AnswerTimes> theirs, List<AnswerTimes> ours, List<AnswerTimes> theirsKnown, List<AnswerTimes> oursKnown) = ([], [], [], []);
        for (int round = -1; round < options.Rounds; round++)
        {
            // The first answers of each side are not counted, and short. No prompt comes twice; the second begins as the first did.
            int tokens = round < 0 ? 4 : options.Tokens;
            int[] ids = Prompt(2 * round, model.Profile.ImageToken), other = [.. ids[..KnownTokens], .. Prompt((2 * round) + 1, model.Profile.ImageToken)[KnownTokens..]];
            AnswerTimes[] times =
            [
                await peer.AnswerAsync(ids, tokens).ConfigureAwait(false), await own.AnswerAsync(new TokenSequence(ids, []), tokens).ConfigureAwait(false),
                await peer.AnswerAsync(other, tokens, KnownTokens).ConfigureAwait(false), await own.AnswerAsync(new TokenSequence(other, []), tokens).ConfigureAwait(false),
            ];
            if (round >= 0)
            {
                theirs.Add(times[0]);
                ours.Add(times[1]);
                theirsKnown.Add(times[2]);
                oursKnown.Add(times[3]);
            }
        }

        output.WriteLine("| | first token, ms | first token, policy known, ms | tokens a second | verdict, ms | verdict, policy known, ms | first token, cpu ms | the same, policy known | each other, cpu ms |");
        output.WriteLine("|---|--:|--:|--:|--:|--:|--:|--:|--:|");
        Row("the peer", theirs, theirsKnown);
        Row("ours", ours, oursKnown);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| ours over the peer's, of two turns side by side | {Ratio(ours, theirs, First):0.00} | {Ratio(oursKnown, theirsKnown, First):0.00} | {Ratio(theirs, ours, Each):0.00} | {Ratio(ours, theirs, Whole):0.00} | {Ratio(oursKnown, theirsKnown, Whole):0.00} | {Ratio(ours, theirs, answer => answer.First.Processor):0.00} | {Ratio(oursKnown, theirsKnown, answer => answer.First.Processor):0.00} | {Ratio(ours, theirs, answer => answer.Each.Processor):0.00} |"));

        static double First(AnswerTimes answer) => answer.First.Wall;
        static double Each(AnswerTimes answer) => answer.Each.Wall;
        static double Whole(AnswerTimes answer) => answer.Total.Wall;
        static double Ratio(List<AnswerTimes> one, List<AnswerTimes> other, Func<AnswerTimes, double> part) => Middle(one.Zip(other, (first, second) => part(first) / part(second)));
        static double Middle(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);

        void Row(string name, List<AnswerTimes> fresh, List<AnswerTimes> known) => output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {Middle(fresh.Select(First)):0} | {Middle(known.Select(First)):0} | {1000 / Middle(fresh.Select(Each)):0.0} | {Middle(fresh.Select(Whole)):0} | {Middle(known.Select(Whole)):0} | {Middle(fresh.Select(answer => answer.First.Processor)):0} | {Middle(known.Select(answer => answer.First.Processor)):0} | {Middle(fresh.Select(answer => answer.Each.Processor)):0.0} |"));
    }

    private static int[] Prompt(int seed, int except)
    {
        var random = new Random(seed + 4);
        return [.. Enumerable.Range(0, PromptTokens).Select(_ => random.Next(3, 500)).Select(id => id == except ? 3 : id)];
    }
}
