using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeVision.Benchmarks.Peers;

/// <summary>A peer in a process of its own, a script of node or an assembly of .NET, which measures itself; an order and an answer are a line each.</summary>
internal sealed class NodePeer : IDisposable
{
    // Behind an answer ONNX Runtime's threads wait for the next run by spinning, for 30 to 40 ms of a core (OnnxRuntimeGenAI), which must not fall into the other side's turn.
    private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(250);

    private readonly Process _process;

    private NodePeer(Process process, string versions) => (_process, Versions) = (process, versions);

    /// <summary>What runs, as the peer states it.</summary>
    public string Versions { get; }

    public static async Task<NodePeer> StartAsync(string script)
    {
        string host = script.EndsWith(".dll", StringComparison.Ordinal) ? "dotnet" : "node";
        var start = new ProcessStartInfo(host, [script])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        Process process = Process.Start(start) ?? throw new InvalidOperationException($"{host} does not start; is it installed?");
        return new NodePeer(process, await ReadAsync(process).ConfigureAwait(false));
    }

    /// <summary>Judges files: one alone, or several in one batch.</summary>
    public Task<PeerAnswer> ClassifyAsync(string mode, params string[] paths) => AskAsync<PeerAnswer>(new PeerOrder(mode, paths));

    /// <summary>Sends an order and waits for its answer, and until the peer's threads sleep.</summary>
    public async Task<TAnswer> AskAsync<TAnswer>(object order)
    {
        await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(order)).ConfigureAwait(false);
        await _process.StandardInput.FlushAsync().ConfigureAwait(false);
        TAnswer answer = JsonSerializer.Deserialize<TAnswer>(await ReadAsync(_process).ConfigureAwait(false))!;
        await Task.Delay(s_quiet).ConfigureAwait(false);
        return answer;
    }

    private static async Task<string> ReadAsync(Process process) =>
        await process.StandardOutput.ReadLineAsync().ConfigureAwait(false)
        ?? throw new InvalidOperationException("The peer's process ended; what went wrong stands above.");

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private sealed record PeerOrder(
        [property: JsonPropertyName("mode")] string Mode,
        [property: JsonPropertyName("paths")] string[] Paths);
}
