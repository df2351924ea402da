using System.Text.Json.Serialization;
using SafeVision.Benchmarks.Answering;
using SafeVision.Benchmarks.Peers;

namespace SafeVision.Benchmarks.Llama;

/// <summary>Answers by llama.cpp from a GGUF file, or by OnnxRuntimeGenAI from a folder, in a process of its own.</summary>
internal sealed class LlamaAnswers : IDisposable
{
    private readonly NodePeer _peer;

    private LlamaAnswers(NodePeer peer) => _peer = peer;

    public string Versions => _peer.Versions;

    public static async Task<LlamaAnswers> StartAsync(string script, string file, int capacity, int threads)
    {
        var answers = new LlamaAnswers(await NodePeer.StartAsync(script).ConfigureAwait(false));
        await answers._peer.AskAsync<Loaded>(new LoadOrder(file, capacity, threads, true)).ConfigureAwait(false);
        return answers;
    }

    /// <param name="ids">The prompt.</param>
    /// <param name="tokens">Of the answer.</param>
    /// <param name="known">How many of its first ids are those of the prompt before and need not be read again.</param>
    public Task<AnswerTimes> AnswerAsync(int[] ids, int tokens, int known = 0) => _peer.AskAsync<AnswerTimes>(new AnswerOrder(ids, tokens, known));

    public void Dispose() => _peer.Dispose();

    private sealed record Loaded([property: JsonPropertyName("loaded")] bool IsLoaded);

    private sealed record LoadOrder(
        [property: JsonPropertyName("file")] string File,
        [property: JsonPropertyName("capacity")] int Capacity,
        [property: JsonPropertyName("threads")] int Threads,
        [property: JsonPropertyName("flash")] bool FlashAttention);

    private sealed record AnswerOrder(
        [property: JsonPropertyName("ids")] int[] Ids,
        [property: JsonPropertyName("tokens")] int Tokens,
        [property: JsonPropertyName("known")] int Known);
}
