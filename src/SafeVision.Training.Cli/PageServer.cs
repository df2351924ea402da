using System.Net;

namespace SafeVision.Training.Cli;

/// <summary>Serves a run's page to this machine while the run goes on: that one file, and nothing else of the folder.</summary>
internal sealed class PageServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly string _page;

    private PageServer(string folder, int port) => (_page, Address) = (Path.Combine(folder, "index.html"), $"http://localhost:{port}/");

    public string Address { get; }

    /// <exception cref="IOException">The port is taken.</exception>
    public static PageServer Start(string folder, int port)
    {
        var server = new PageServer(folder, port);
        try
        {
            server._listener.Prefixes.Add(server.Address); // requests for another host's name are refused
            server._listener.Start();
        }
        catch (HttpListenerException exception)
        {
            throw new IOException($"The run's page can't be served at {server.Address}. {exception.Message} Name another port with --serve.", exception);
        }

        _ = server.AnswerAsync();
        return server;
    }

    public void Dispose() => _listener.Close();

    private async Task AnswerAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                using HttpListenerResponse response = context.Response;
                byte[] page = context.Request.Url?.AbsolutePath != "/" ? [] : File.Exists(_page) ? await File.ReadAllBytesAsync(_page) : "<meta http-equiv=\"refresh\" content=\"2\">The run has just begun."u8.ToArray();
                response.StatusCode = page.Length > 0 ? 200 : 404;
                response.ContentType = "text/html; charset=utf-8";
                response.ContentLength64 = page.Length;
                await response.OutputStream.WriteAsync(page);
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException or IOException or InvalidOperationException)
            {
                // The reader went away, or the run has ended; the next one is answered.
            }
        }
    }
}
