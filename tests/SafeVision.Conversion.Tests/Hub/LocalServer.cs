using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SafeVision.Conversion.Tests.Hub;

/// <summary>A server of this machine that can break the rules of HTTP where a test wants it to: one request a connection.</summary>
internal sealed class LocalServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Func<LocalRequest, LocalReply> _answer;
    private readonly Task _accepting;

    public LocalServer(Func<LocalRequest, LocalReply> answer)
    {
        _answer = answer;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public Uri Address => new($"http://127.0.0.1:{Port}");

    /// <summary>The same server under another name, as a file store has one.</summary>
    public Uri OtherAddress => new($"http://localhost:{Port}");

    public ConcurrentQueue<LocalRequest> Requests { get; } = [];

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            TcpClient client = await _listener.AcceptTcpClientAsync(_end.Token);
            _ = Task.Run(() => ServeAsync(client));
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using TcpClient connection = client;
        try
        {
            NetworkStream stream = connection.GetStream();
            LocalRequest request = await ReadAsync(stream);
            Requests.Enqueue(request);
            LocalReply reply = _answer(request);
            await reply.Before;
            await WriteAsync(stream, reply);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or SocketException)
        {
            // The client went away, which is what some tests want.
        }
    }

    private async Task<LocalRequest> ReadAsync(NetworkStream stream)
    {
        var bytes = new List<byte>();
        byte[] one = new byte[1];
        while (!(bytes.Count >= 4 && bytes[^4..] is [13, 10, 13, 10]))
        {
            await stream.ReadExactlyAsync(one, _end.Token);
            bytes.Add(one[0]);
        }

        string[] lines = Encoding.ASCII.GetString([.. bytes]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        string[] first = lines[0].Split(' ');
        Dictionary<string, string> headers = lines.Skip(1).Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.OrdinalIgnoreCase);
        byte[] body = new byte[headers.TryGetValue("Content-Length", out string? length) ? int.Parse(length, CultureInfo.InvariantCulture) : 0];
        await stream.ReadExactlyAsync(body, _end.Token);
        return new LocalRequest(first[1], headers, body);
    }

    private async Task WriteAsync(NetworkStream stream, LocalReply reply)
    {
        var head = new StringBuilder($"HTTP/1.1 {reply.Status} Status\r\nConnection: close\r\n");
        foreach ((string name, string value) in reply.Headers)
        {
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        if (!reply.IsEndless && !reply.Headers.ContainsKey("Content-Length"))
        {
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {reply.Body.Length}\r\n");
        }

        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{head}\r\n"), _end.Token);
        for (int i = 0; reply.Pace is { } pace && i < reply.Body.Length; i++)
        {
            await stream.WriteAsync(reply.Body.AsMemory(i, 1), _end.Token);
            await Task.Delay(pace, _end.Token);
        }

        if (reply.Pace is null)
        {
            await stream.WriteAsync(reply.Body.AsMemory(0, Math.Min(reply.Body.Length, reply.CutAfter ?? int.MaxValue)), _end.Token);
        }

        while (reply.IsEndless)
        {
            await stream.WriteAsync(new byte[1 << 16], _end.Token);
        }
    }
}

/// <summary>What was asked.</summary>
internal sealed record LocalRequest(string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    /// <summary>The first byte that was asked for.</summary>
    public int From => Headers.TryGetValue("Range", out string? range) ? int.Parse(range["bytes=".Length..^1], CultureInfo.InvariantCulture) : 0;
}

/// <summary>What is answered.</summary>
internal sealed record LocalReply(int Status, byte[] Body)
{
    public LocalReply(int status, string body = "")
        : this(status, Encoding.UTF8.GetBytes(body))
    {
    }

    public Dictionary<string, string> Headers { get; init; } = [];

    /// <summary>How many bytes of the body are sent before the connection is cut; null: all.</summary>
    public int? CutAfter { get; init; }

    /// <summary>Whether zeros follow without end, and no length is announced.</summary>
    public bool IsEndless { get; init; }

    /// <summary>How long after each byte the next one waits; null: all come at once.</summary>
    public TimeSpan? Pace { get; init; }

    /// <summary>What the answer waits for.</summary>
    public Task Before { get; init; } = Task.CompletedTask;
}
