using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
using SafeVision.Benchmarks.Peers;
using SafeVision.VisionLanguage;

namespace SafeVision.Benchmarks.Answering;

/// <summary>Answers by transformers.js from the same files, pixel values and ids, in a node process of its own.</summary>
internal sealed class NodeAnswers : IDisposable
{
    private readonly NodePeer _peer;
    private readonly string _pixels = Path.GetTempFileName();

    private NodeAnswers(NodePeer peer) => _peer = peer;

    public string Versions => _peer.Versions;

    public static async Task<NodeAnswers> StartAsync(string script, VisionLanguageModel model, int threads)
    {
        var answers = new NodeAnswers(await NodePeer.StartAsync(script).ConfigureAwait(false));
        VisionLanguageFiles files = model.Sessions.Files;
        string suffix = Path.GetFileNameWithoutExtension(files.Decoder.Name).Replace("decoder_model_merged", "", StringComparison.Ordinal);
        await answers._peer.AskAsync<Loaded>(new LoadOrder(
            files.Folder, model.Profile.ImageToken, suffix.Length == 0 ? "fp32" : suffix == "_quantized" ? "q8" : suffix[1..], threads)).ConfigureAwait(false);
        return answers;
    }

    public Task<AnswerTimes> AnswerAsync(Question question, int tokens)
    {
        File.WriteAllBytes(_pixels, MemoryMarshal.AsBytes<float>(question.Pixels));
        return _peer.AskAsync<AnswerTimes>(new AnswerOrder(_pixels, [.. question.Plan.PixelShape], question.Ids, tokens));
    }

    public void Dispose()
    {
        _peer.Dispose();
        File.Delete(_pixels);
    }

    private sealed record Loaded([property: JsonPropertyName("loaded")] bool IsLoaded);

    private sealed record LoadOrder(
        [property: JsonPropertyName("folder")] string Folder,
        [property: JsonPropertyName("imageToken")] int ImageToken,
        [property: JsonPropertyName("dtype")] string Precision,
        [property: JsonPropertyName("threads")] int Threads);

    private sealed record AnswerOrder(
        [property: JsonPropertyName("pixels")] string Pixels,
        [property: JsonPropertyName("shape")] long[] Shape,
        [property: JsonPropertyName("ids")] int[] Ids,
        [property: JsonPropertyName("tokens")] int Tokens);
}
