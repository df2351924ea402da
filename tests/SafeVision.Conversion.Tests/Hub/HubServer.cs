using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace SafeVision.Conversion.Tests.Hub;

/// <summary>A hub of this machine with one repository, which speaks the API of the real one; weights lie on another host.</summary>
internal sealed class HubServer : IAsyncDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly LocalServer _server;

    public HubServer(string repository, IEnumerable<string> folders)
    {
        Repository = repository;
        foreach (string path in folders.SelectMany(Directory.EnumerateFiles))
        {
            Files[Path.GetFileName(path)] = File.ReadAllBytes(path);
        }

        _server = new LocalServer(request => Interfere?.Invoke(request) ?? Answer(request));
    }

    public string Repository { get; }
    public SortedDictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>Entries of the list as they are, beside those of the files.</summary>
    public List<string> Entries { get; } = [];

    public string Card { get; set; } = """{"license": "apache-2.0"}""";

    /// <summary>What is answered instead; null: nothing.</summary>
    public Func<LocalRequest, LocalReply?>? Interfere { get; set; }

    public LocalServer Server => _server;

    /// <summary>The names of the files whose content was asked for, in order.</summary>
    public string[] Fetched => [.. _server.Requests.Select(request => request.Path).Where(path => path.Contains("/resolve/", StringComparison.Ordinal)).Select(path => path.Split('/')[^1])];

    public static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    public LocalReply Answer(LocalRequest request)
    {
        string path = Uri.UnescapeDataString(request.Path.Split('?')[0]);
        if (path.StartsWith($"/api/models/{Repository}/revision/", StringComparison.Ordinal))
        {
            return path.EndsWith("/main", StringComparison.Ordinal) || path.EndsWith(Commit, StringComparison.Ordinal) || path.EndsWith("/refs/pr/1", StringComparison.Ordinal)
                ? new LocalReply(200, $$"""{"id": "{{Repository}}", "sha": "{{Commit}}", "cardData": {{Card}}}""")
                : new LocalReply(404) { Headers = { ["X-Error-Code"] = "RevisionNotFound" } };
        }

        if (path == $"/api/models/{Repository}/tree/{Commit}")
        {
            // Two pages, as of a long list.
            string[] entries = [.. Files.Select(file => Entry(file.Key, file.Value)), .. Entries];
            int half = entries.Length / 2;
            return request.Path.EndsWith("?cursor=2", StringComparison.Ordinal)
                ? new LocalReply(200, $"[{string.Join(',', entries[half..])}]")
                : new LocalReply(200, $"[{string.Join(',', entries[..half])}]") { Headers = { ["Link"] = $"<{_server.Address}api/models/{Repository}/tree/{Commit}?cursor=2>; rel=\"next\"" } };
        }

        if (path.StartsWith($"/{Repository}/resolve/{Commit}/", StringComparison.Ordinal) && Files.TryGetValue(path.Split('/')[^1], out byte[]? content))
        {
            return IsLarge(path) ? new LocalReply(302) { Headers = { ["Location"] = $"{_server.OtherAddress}store/{path.Split('/')[^1]}?signature=x" } } : Part(content, request.From);
        }

        return path.StartsWith("/store/", StringComparison.Ordinal) && Files.TryGetValue(path["/store/".Length..], out content)
            ? Part(content, request.From)
            : new LocalReply(404) { Headers = { ["X-Error-Code"] = "RepoNotFound" } };
    }

    public static LocalReply Part(byte[] content, int from) => from == 0
        ? new LocalReply(200, content)
        : new LocalReply(206, content[from..]) { Headers = { ["Content-Range"] = $"bytes {from}-{content.Length - 1}/{content.Length}" } };

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static bool IsLarge(string name) => name.EndsWith(".safetensors", StringComparison.Ordinal) || name.EndsWith("/tokenizer.json", StringComparison.Ordinal) || name == "tokenizer.json";

    private static string Entry(string name, byte[] content)
    {
#pragma warning disable CA5350 // git's own hash
        string git = Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));
#pragma warning restore CA5350
        string large = IsLarge(name) ? $$""", "lfs": {"oid": "{{Sha256(content)}}", "size": {{content.Length}}, "pointerSize": 134}""" : "";
        return $$"""{"type": "file", "path": {{JsonSerializer.Serialize(name)}}, "size": {{content.Length}}, "oid": "{{git}}"{{large}}}""";
    }
}
