using System.Net;
using System.Net.Sockets;
using System.Text;
using SafeVision.Evaluation.Symbols;
using SafeVision.Training.Cli;

namespace SafeVision.Training.Tests.Data;

/// <summary>A stage that asks a served model, which writes back what it was sent.</summary>
public sealed class ServedChatTests
{
    private const string Key = "sk-not-to-be-shown";

    [Theory]
    [InlineData(401, "no such key: ")]
    [InlineData(200, "yes, says ")]
    public async Task A_chat_key_that_a_server_echoes_stays_out_of_records_and_logs(int status, string words)
    {
        using TemporaryFolder folder = new();
        string project = Path.Combine(folder.Path, "project"), policy = Path.Combine(folder.Path, "policy.yaml");
        await File.WriteAllTextAsync(policy, SymbolBenchmark.Nine.ToYaml(), TestContext.Current.CancellationToken);
        using HttpListener server = Start(out string address);
        int asked = 0, keys = 0;
        Task answering = AnswerAsync();
        using StringWriter output = new(), error = new();
        Environment.SetEnvironmentVariable("SAFEVISION_CHAT_KEY", Key);
        try
        {
            await RunAsync("collect", project, "--name", "scenes", "--symbols", "1");
            await RunAsync("vote", project, "--policy", policy, "--chat", address, "--chat-model", "m");
        }
        finally
        {
            Environment.SetEnvironmentVariable("SAFEVISION_CHAT_KEY", null);
        }

        server.Stop();
        await answering;
        Assert.True(keys > 0 && keys == asked, $"{keys} of {asked}");
        string[] files = [.. Directory.EnumerateFiles(project, "*", SearchOption.AllDirectories).Where(path => Path.GetExtension(path) is ".jsonl" or ".json" or ".html")];
        Assert.Contains("(key)", string.Concat(files.Select(File.ReadAllText)) + output + error, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, string.Concat(files.Select(File.ReadAllText)) + output + error, StringComparison.Ordinal);

        async Task RunAsync(params string[] arguments) => await TrainingCommandLine.RunAsync(["data", .. arguments], output, error, TestContext.Current.CancellationToken);

        async Task AnswerAsync()
        {
            while (true)
            {
                HttpListenerContext context;
                try
                {
                    context = await server.GetContextAsync();
                }
                catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }

                await context.Request.InputStream.CopyToAsync(Stream.Null);
                string? sent = context.Request.Headers["Authorization"]?["Bearer ".Length..];
                (asked, keys) = (asked + 1, keys + (sent == Key ? 1 : 0));
                context.Response.StatusCode = status;
                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(status == 200 ? $$$"""{"choices":[{"message":{"content":"{{{words}}}{{{sent}}}"}}]}""" : words + sent));
                context.Response.Close();
            }
        }
    }

    private static HttpListener Start(out string address)
    {
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            address = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}";
        }

        var server = new HttpListener { Prefixes = { $"{address}/" } };
        server.Start();
        return server;
    }
}
