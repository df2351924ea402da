using System.Globalization;
using SafeVision.Assessments;
using SafeVision.Benchmarks.Photographs;
using SafeVision.Engines;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.VisionLanguage;
using SafeVision.VisionLanguage.Generation;

namespace SafeVision.Benchmarks.Answering;

/// <summary>
/// The memory of a process that loads a model and judges one picture in comprehension mode: at its peak, and when it is done.
/// </summary>
internal static class MemoryComparison
{
    private const double Mebibyte = 1 << 20;

    /// <summary>Starts this program again, for its own memory would be measured too otherwise.</summary>
    public static async Task RunAsync(AnswerOptions options, TextWriter output)
    {
        output.Write(await OwnProcess.RunAsync("vlm-memory", options.Folder, "--tiles", $"{options.Tiles}", "--threads", $"{options.Threads}").ConfigureAwait(false));
    }

    /// <summary>What the process started by <see cref="RunAsync"/> does.</summary>
    public static async Task MeasureAsync(AnswerOptions options, TextWriter output)
    {
        Photograph photograph = PhotographSet.Make("china.jpg", 1200, 800);
        using DecodedImage picture = await new SkiaImageDecoder()
            .DecodeAsync(ImageSource.FromBytes(photograph.Bytes), new ImageDecodeOptions(), CancellationToken.None).ConfigureAwait(false);
        double before = Read("VmRSS");
        using var sessions = new SessionCache();
        var context = new EngineContext(sessions, new ExecutionOptions { Threads = options.Threads }.Validate());
        await using var engine = new VisionLanguageEngine(options.Folder, new() { MaximumTiles = options.Tiles }, context);
        await using ICompiledPolicy policy = await engine.CompileAsync(Policies.First, CancellationToken.None).ConfigureAwait(false);
        (double loadedPeak, double loaded) = (Read("VmHWM"), Read("VmRSS"));
        FrameAssessment assessment = (await policy.AssessAsync(picture.Frames, AssessOptions.Default, CancellationToken.None).ConfigureAwait(false))[0];

        VisionLanguageFiles files = VisionLanguageFiles.Find(options.Folder, VisionLanguageFileOptions.For(context.Execution));
        double weights = Directory.EnumerateFiles(Path.GetDirectoryName(files.Decoder.Path)!)
            .Where(path => Path.GetFileName(path).Contains(Path.GetFileNameWithoutExtension(files.Decoder.Path).Split('_')[^1], StringComparison.Ordinal))
            .Sum(path => new FileInfo(path).Length) / Mebibyte;
        VisionLanguageSessions graphs = await VisionLanguageSessions.LoadAsync(files, sessions, context.Execution).ConfigureAwait(false);
        int tokens = assessment.Usage!.Prompt + assessment.Usage.Written;
        double cache = new DecoderGraph(graphs.Decoder, files.Names.Decoder, files.DecoderSharesCache).BytesPerToken * (double)tokens / Mebibyte;
        double peak = Read("VmHWM");
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Memory, MiB: weights on disk {weights:0}, keys and values of {tokens} tokens {cache:0}, before loading {before:0}, loaded {loaded:0} (peak {loadedPeak:0}), after one answer {Read("VmRSS"):0}, peak {peak:0}: {peak - weights - cache:0} more than weights and cache."));
    }

    /// <summary>A line of Linux's account of this process, in MiB.</summary>
    private static double Read(string name)
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(name + ":", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Split('\t')[^1], CultureInfo.InvariantCulture) / 1024;
    }
}
