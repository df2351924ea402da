using System.Globalization;
using SafeVision.Benchmarks.Answering;
using SafeVision.Inference;
using SafeVision.VisionLanguage;
using SafeVision.VisionLanguage.Generation;

namespace SafeVision.Benchmarks.Llama;

/// <summary>
/// A converted language model's answers to prompts of token ids against llama.cpp's with the same shape and bit width. The two
/// take turns, each alone on the machine while it works; medians count.
/// </summary>
internal static class LlamaComparison
{
    private const int PromptTokens = 512;

    public static async Task RunAsync(AnswerOptions options, string file, TextWriter output)
    {
        string script = options.Peer ?? throw new ArgumentException("--peer names the script that runs llama.cpp.");
        using var sessions = new SessionCache();
        ExecutionOptions execution = new ExecutionOptions { Threads = options.Threads }.Validate();
        using VisionLanguageModel model = await VisionLanguageModel.LoadAsync(
            options.Folder, new VisionLanguageModelOptions { Sequences = 1 }, sessions, execution, CancellationToken.None).ConfigureAwait(false);
        using LlamaAnswers peer = await LlamaAnswers.StartAsync(script, Path.GetFullPath(file), PromptTokens + options.Tokens + 1, options.Threads).ConfigureAwait(false);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{model.Name}, {options.Threads} threads, ONNX Runtime {OnnxRuntime.Version}, .NET {Environment.Version}; {peer.Versions}."));
        output.WriteLine($"A prompt of {PromptTokens} tokens, {options.Tokens} tokens of answer, medians of {options.Rounds} rounds.");
        output.WriteLine();

        var own = new OwnAnswers(model);
        var theirs = new List<AnswerTimes>();
        var ours = new List<AnswerTimes>();
        for (int round = -1; round < options.Rounds; round++)
        {
            // The first answers of each side are not counted, and short. No prompt comes twice.
            int tokens = round < 0 ? 4 : options.Tokens;
            int[] ids = Prompt(round, model.Profile.ImageToken);
            AnswerTimes their = await peer.AnswerAsync(ids, tokens).ConfigureAwait(false);
            AnswerTimes our = await own.AnswerAsync(new TokenSequence(ids, []), tokens).ConfigureAwait(false);
            if (round >= 0)
            {
                theirs.Add(their);
                ours.Add(our);
            }
        }

        (AnswerTimes them, AnswerTimes us) = (AnswerTimes.Median(theirs), AnswerTimes.Median(ours));
        output.WriteLine("| answer | prompt, tokens a second | answer, tokens a second | prompt, cpu ms | each token, cpu ms |");
        output.WriteLine("|---|--:|--:|--:|--:|");
        Row("llama.cpp", them);
        Row("ours", us);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| ours over llama.cpp's, of two turns side by side | {Ratio(answer => answer.First.Wall):0.00} | {Ratio(answer => answer.Each.Wall):0.00} | {1 / Ratio(answer => answer.First.Processor):0.00} | {1 / Ratio(answer => answer.Each.Processor):0.00} |"));

        double Ratio(Func<AnswerTimes, double> part) => theirs.Zip(ours, (their, our) => part(their) / part(our)).Order().ElementAt(ours.Count / 2);

        void Row(string name, AnswerTimes answer) => output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {PromptTokens * 1000 / answer.First.Wall:0} | {1000 / answer.Each.Wall:0.0} | {answer.First.Processor:0} | {answer.Each.Processor:0.0} |"));
    }

    private static int[] Prompt(int seed, int except)
    {
        var random = new Random(seed + 2);
        return [.. Enumerable.Range(0, PromptTokens).Select(_ => random.Next(3, 500)).Select(id => id == except ? 3 : id)];
    }
}
