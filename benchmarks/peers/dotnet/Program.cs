using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LLama;
using LLama.Native;
using SafeVision.Peers;

// The .NET peers of a language model's answers: an order and an answer are a line of JSON each. An order with "file" loads a GGUF
// file by LLamaSharp or a folder by OnnxRuntimeGenAI; one with "ids" wants an answer. 'quantize FROM TO TYPE' is llama.cpp's own.
if (args is ["quantize", string from, string to, string type])
{
    NativeApi.llama_empty_call(); // finds the native library
    return LLamaQuantizer.Quantize(from, to, type, nthread: Environment.ProcessorCount, allowRequantize: false) ? 0 : 1;
}

NativeLogConfig.llama_log_set((LLamaLogLevel _, string _) => { }); // its chatter goes to standard error otherwise
Console.WriteLine($"LLamaSharp {Version("LLamaSharp")}, OnnxRuntimeGenAI {Version("Microsoft.ML.OnnxRuntimeGenAI")}, .NET {Environment.Version}");
IPeer? peer = null;
while (Console.ReadLine() is { } line)
{
    JsonNode order = JsonNode.Parse(line)!;
    if (order["file"]?.GetValue<string>() is { } file)
    {
        peer?.Dispose();
        (int capacity, int threads) = (order["capacity"]!.GetValue<int>(), order["threads"]!.GetValue<int>());
        peer = Directory.Exists(file) ? new GenAIPeer(file, capacity, threads) : new LlamaPeer(file, capacity, threads);
        Console.WriteLine("""{"loaded":true}""");
        continue;
    }

    int[] ids = order["ids"]!.Deserialize<int[]>()!;
    int tokens = order["tokens"]!.GetValue<int>();
    Lap start = Lap.Now();
    peer!.Read(ids, order["known"]?.GetValue<int>() ?? 0);
    Lap first = Lap.Now();
    for (int i = 1; i < tokens; i++)
    {
        peer.Next();
    }

    Lap end = Lap.Now();
    Console.WriteLine(JsonSerializer.Serialize(new { first = first.Since(start, 1), each = end.Since(first, tokens - 1), tokens }));
}

peer?.Dispose();
return 0;

static string Version(string package) => Regex.Match(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "SafeVision.Peers.deps.json")), $"\"{package}/([^\"]+)\"").Groups[1].Value;

/// <summary>What answers.</summary>
internal interface IPeer : IDisposable
{
    /// <summary>Reads a prompt, whose first tokens are those of the one before and need not be read again, and chooses the likeliest next token.</summary>
    void Read(int[] ids, int known);

    /// <summary>Reads that token and chooses the next.</summary>
    void Next();
}

/// <summary>By the clock, and of the processor, in milliseconds.</summary>
internal readonly record struct Lap(double Wall, double Processor)
{
    public static Lap Now() => new(Stopwatch.GetTimestamp() * 1000.0 / Stopwatch.Frequency, Process.GetCurrentProcess().TotalProcessorTime.TotalMilliseconds);

    public Lap Since(Lap start, int parts) => new((Wall - start.Wall) / parts, (Processor - start.Processor) / parts);
}
