using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using SafeVision.Training.Data;
using SafeVision.Training.Data.Fetching;
using SafeVision.Training.Data.Sources;

namespace SafeVision.Training.Tests.Data;

/// <summary>Fetching, against a server of its own on this machine.</summary>
public sealed class ImageFetcherTests : IDisposable
{
    private static readonly byte[] s_png = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC");

    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<string> _asked = new();
    private readonly ConcurrentDictionary<string, Action<HttpListenerResponse>> _answers = new();
    private readonly int _port;

    public ImageFetcherTests()
    {
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            _port = ((IPEndPoint)free.LocalEndpoint).Port;
        }

        _listener.Prefixes.Add($"http://*:{_port}/");
        _listener.Start();
        _ = Task.Run(ServeAsync);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _listener.Close();

    [Theory]
    [InlineData("http://127.0.0.1/a.png")]
    [InlineData("http://2130706433/a.png")]
    [InlineData("http://0x7f.1/a.png")]
    [InlineData("http://[::1]/a.png")]
    [InlineData("http://[::ffff:10.0.0.1]/a.png")]
    [InlineData("http://[64:ff9b::7f00:1]/a.png")]
    [InlineData("http://[2002:a00:1::1]/a.png")]
    [InlineData("http://[fe80::1]/a.png")]
    [InlineData("http://[fd00::1]/a.png")]
    [InlineData("http://0.0.0.0/a.png")]
    [InlineData("http://10.1.2.3/a.png")]
    [InlineData("http://100.64.0.1/a.png")]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("http://172.31.255.255/a.png")]
    [InlineData("http://192.168.1.1/a.png")]
    [InlineData("http://224.0.0.1/a.png")]
    [InlineData("http://localhost/a.png")]
    [InlineData("file:///etc/passwd")]
    [InlineData("ftp://example.org/a.png")]
    [InlineData("http://user:secret@example.org/a.png")]
    public async Task What_is_not_on_the_public_internet_is_not_asked(string address)
    {
        using var fetcher = new ImageFetcher(new FetchOptions { MaxTime = TimeSpan.FromSeconds(30) });

        FetchException error = await Assert.ThrowsAsync<FetchException>(() => fetcher.FetchAsync(new Uri(address), Stop));

        Assert.True(error.IsFinal, error.Message);
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("1.1.1.1", true)]
    [InlineData("172.32.0.1", true)]
    [InlineData("100.128.0.1", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("64:ff9b::808:808", true)]
    [InlineData("192.0.2.1", false)]
    [InlineData("198.19.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("2001:db8::1", false)]
    [InlineData("2001::1", false)]
    [InlineData("::", false)]
    [InlineData("ff02::1", false)]
    public void Public_addresses_are_told_from_others(string address, bool isPublic) => Assert.Equal(isPublic, PublicAddresses.IsPublic(IPAddress.Parse(address)));

    [Fact]
    public async Task A_name_that_resolves_into_the_own_network_is_refused_and_nothing_is_sent()
    {
        using var fetcher = new ImageFetcher(new FetchOptions { MaxTime = TimeSpan.FromSeconds(30) }, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]), PublicAddresses.IsPublic);

        FetchException error = await Assert.ThrowsAsync<FetchException>(() => fetcher.FetchAsync(Address("innocent.test", "/a.png"), Stop));

        Assert.Contains("public internet", error.Message, StringComparison.Ordinal);
        Assert.Empty(_asked);
    }

    [Fact]
    public async Task The_connection_goes_to_the_address_that_was_looked_at()
    {
        int resolved = 0;
        // A name server that answers otherwise a moment later: the second answer would lead elsewhere.
        using var fetcher = new ImageFetcher(new FetchOptions { MaxTime = TimeSpan.FromSeconds(30) }, (_, _) => Task.FromResult<IPAddress[]>([Interlocked.Increment(ref resolved) == 1 ? IPAddress.Loopback : IPAddress.Parse("127.0.0.9")]), IsFirstLoopback);
        Answer("/a.png", Png);

        ReadOnlyMemory<byte> bytes = await fetcher.FetchAsync(Address("innocent.test", "/a.png"), Stop);

        Assert.Equal(s_png, bytes.ToArray());
        Assert.Equal(1, resolved); // robots.txt and the image came over one connection
        Assert.Equal(["/robots.txt", "/a.png"], _asked);
    }

    [Fact]
    public async Task A_redirect_is_looked_at_like_an_address()
    {
        Answer("/away.png", response => Redirect(response, $"http://127.0.0.2:{_port}/a.png"));
        Answer("/near.png", response => Redirect(response, "/a.png"));
        Answer("/file.png", response => Redirect(response, "file:///etc/passwd"));
        Answer("/loop.png", response => Redirect(response, "/loop.png"));
        Answer("/hidden.png", response => Redirect(response, "/private/a.png"));
        Answer("/robots.txt", response => Text(response, "user-agent: *\ndisallow: /private/"));
        Answer("/a.png", Png);
        using ImageFetcher fetcher = Local();

        Assert.Equal(s_png, (await fetcher.FetchAsync(Address("127.0.0.1", "/near.png"), Stop)).ToArray());
        foreach ((string path, string message) in new[] { ("/away.png", "public internet"), ("/file.png", "http or https"), ("/loop.png", "redirected"), ("/hidden.png", "robots.txt") })
        {
            FetchException error = await Assert.ThrowsAsync<FetchException>(() => fetcher.FetchAsync(Address("127.0.0.1", path), Stop));
            Assert.Contains(message, error.Message, StringComparison.Ordinal);
            Assert.True(error.IsFinal);
        }

        Assert.DoesNotContain("/private/a.png", _asked);
    }

    [Theory]
    [InlineData("X-Robots-Tag", "noai")]
    [InlineData("X-Robots-Tag", "nofollow, NoImageAI")]
    [InlineData("X-Robots-Tag", "safevision-data: noindex")]
    [InlineData("tdm-reservation", "1")]
    [InlineData("Content-Usage", "search=y, train-ai=n")]
    public async Task An_image_whose_owner_opts_out_is_not_taken(string header, string value)
    {
        AnswerWith(header, value);
        using ImageFetcher fetcher = Local();

        FetchException error = await Assert.ThrowsAsync<FetchException>(() => fetcher.FetchAsync(Address("127.0.0.1", "/a.png"), Stop));

        Assert.Contains("owner", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("X-Robots-Tag", "nofollow")]
    [InlineData("X-Robots-Tag", "googlebot: noindex, noai")]
    [InlineData("tdm-reservation", "0")]
    public async Task A_header_that_does_not_opt_out_is_no_obstacle(string header, string value)
    {
        AnswerWith(header, value);
        using ImageFetcher fetcher = Local();

        Assert.Equal(s_png, (await fetcher.FetchAsync(Address("127.0.0.1", "/a.png"), Stop)).ToArray());
    }

    [Fact]
    public async Task Size_time_and_kind_are_limited()
    {
        Answer("/large.png", response => Chunked(response, 200));
        Answer("/said.png", response => { response.ContentLength64 = 100_000; response.OutputStream.Write(new byte[100_000]); });
        Answer("/page.png", response => Text(response, "<html>"));
        Answer("/gone.png", response => response.StatusCode = 404);
        Answer("/broken.png", response => response.StatusCode = 503);
        Answer("/slow.png", response => { Thread.Sleep(3000); Png(response); });
        using ImageFetcher fetcher = Local(new FetchOptions { MaxBytes = 50_000, MaxTime = TimeSpan.FromSeconds(1.5) });
        Answer("/a.png", Png);
        await fetcher.FetchAsync(Address("127.0.0.1", "/a.png"), Stop); // robots.txt is known, so that the time is the image's

        foreach ((string path, string message, bool isFinal) in new[]
        {
            ("/large.png", "more than 50000", true), ("/said.png", "at most 50000", true), ("/page.png", "no image", true), ("/gone.png", "404", true), ("/broken.png", "503", false), ("/slow.png", "seconds", false),
        })
        {
            FetchException error = await Assert.ThrowsAsync<FetchException>(() => fetcher.FetchAsync(Address("127.0.0.1", path), Stop));
            Assert.Contains(message, error.Message, StringComparison.Ordinal);
            Assert.Equal(isFinal, error.IsFinal);
        }
    }

    [Theory]
    [InlineData("User-agent: *\nDisallow: /", "/a.png", false)]
    [InlineData("User-agent: *\nDisallow:", "/a.png", true)]
    [InlineData("User-agent: *\nDisallow: /\n\nUser-agent: SafeVision-data\nAllow: /", "/a.png", true)]
    [InlineData("User-agent: other\nUser-agent: safevision-DATA/1.0\nDisallow: /x", "/x/a.png", false)]
    [InlineData("User-agent: *\nDisallow: /x\nAllow: /x/open", "/x/open/a.png", true)]
    [InlineData("User-agent: *\nDisallow: /*.png$", "/a/b.png", false)]
    [InlineData("User-agent: *\nDisallow: /*.png$", "/a/b.png?x", true)]
    [InlineData("User-agent: *\nDisallow: /a*b*c", "/aXbYc/d", false)]
    [InlineData("# nothing\nDisallow: /", "/a.png", true)]
    [InlineData("user-agent: * # all\r\ndisallow: /x # mine\r\n", "/x", false)]
    [InlineData("User-agent: SafeVision-data\nAllow: /y\nUser-agent: *\nDisallow: /", "/x", true)]
    public void Robots_rules_are_read_as_the_standard_has_them(string text, string path, bool allows) => Assert.Equal(allows, RobotsRules.Read(text, "SafeVision-data").Allows(path));

    [Fact]
    public void A_rule_behind_twenty_thousand_others_counts_too()
    {
        string text = $"User-agent: *\n{string.Concat(Enumerable.Range(0, 20_000).Select(i => $"Allow: /{i}\n"))}Disallow: /private/{new string('x', 3000)}\nDisallow: /closed";
        Assert.False(RobotsRules.Read(text, "x").Allows("/closed/a.png"));
        Assert.False(RobotsRules.Read(text, "x").Allows($"/private/{new string('x', 3000)}/a.png"));
    }

    [Fact]
    public async Task A_site_that_cannot_say_what_it_allows_allows_nothing()
    {
        Answer("/robots.txt", response => response.StatusCode = 500);
        Answer("/a.png", Png);
        using ImageFetcher fetcher = Local();

        await Assert.ThrowsAsync<FetchException>(() => fetcher.FetchAsync(Address("127.0.0.1", "/a.png"), Stop));

        Assert.DoesNotContain("/a.png", _asked);
    }

    [Theory]
    [InlineData("list.csv", "ID,URL,TEXT,LICENSE\n1,{0}/a.png,\"a, dot\",CC0\n2,{0}/none.png,x,\n3,{0}/a.png,again,\n4,not an address,,\n5,{0}/text.png,,\n")]
    [InlineData("list.jsonl", "{\"URL\":\"{0}/a.png\",\"TEXT\":\"a, dot\",\"LICENSE\":\"CC0\",\"NSFW\":\"UNLIKELY\"}\n{\"url\":\"{0}/none.png\"}\n{\"url\":\"{0}/a.png\"}\n{\"url\":\"not an address\"}\n{\"url\":\"{0}/text.png\"}\n")]
    [InlineData("list.parquet", "{\"URL\":\"{0}/a.png\",\"TEXT\":\"a, dot\",\"LICENSE\":\"CC0\",\"NSFW\":\"UNLIKELY\"}\n{\"url\":\"{0}/none.png\"}\n{\"url\":\"{0}/a.png\"}\n{\"url\":\"not an address\"}\n{\"url\":\"{0}/text.png\"}\n")]
    public async Task A_list_of_addresses_is_collected_once_however_often_it_is_stopped(string name, string text)
    {
        using TemporaryFolder folder = new();
        string list = Path.Combine(folder.Path, name);
        text = text.Replace("{0}", $"http://127.0.0.1:{_port}", StringComparison.Ordinal);
        await (name.EndsWith(".parquet", StringComparison.Ordinal)
            ? ParquetAddressesTests.WriteAsync(list, [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(row => JsonSerializer.Deserialize(row, AddressJson.Default.AddressRow)!)], Parquet.CompressionMethod.Snappy, 2, ["URL", "TEXT", "LICENSE", "sha256"])
            : File.WriteAllTextAsync(list, text, Stop));
        Answer("/a.png", Png);
        Answer("/text.png", response => { response.ContentType = "image/png"; response.OutputStream.Write("no image"u8); });
        using ImageFetcher fetcher = Local();
        DataProject project = DataProject.Open(Path.Combine(folder.Path, "project"));
        DataSource source = DataSource.FromAddresses("web", list, fetcher);
        var stopping = new DataProjectTests.StoppingAfter(1);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => project.CollectAsync(source, new StageRunOptions { Progress = stopping, Parallelism = 1 }, stopping.Source.Token));
        await project.CollectAsync(source, null, Stop);
        StageSummary again = await project.CollectAsync(source, null, Stop);

        Assert.Equal(new StageSummary("collect", 0, 0, 0, 4), again); // the address that is named twice counts once
        Assert.Single(_asked, path => path == "/a.png");
        string records = await File.ReadAllTextAsync(Path.Combine(project.Folder, "collect", "records.jsonl"), Stop);
        Assert.Contains("\"caption\":\"a, dot\"", records, StringComparison.Ordinal);
        Assert.Contains("\"licence\":\"CC0\"", records, StringComparison.Ordinal);
        Assert.Equal(1, records.Split("\"outcome\":\"kept\"").Length - 1);
        Assert.Equal(3, records.Split("\"outcome\":\"dropped\"").Length - 1);
    }

    private static bool IsFirstLoopback(IPAddress address) => (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).Equals(IPAddress.Loopback);

    private static ImageFetcher Local(FetchOptions? options = null) => new(options ?? new FetchOptions { MaxTime = TimeSpan.FromSeconds(60) }, (host, stop) => Dns.GetHostAddressesAsync(host, stop), IsFirstLoopback);

    private Uri Address(string host, string path) => new($"http://{host}:{_port}{path}");

    private void Answer(string path, Action<HttpListenerResponse> answer) => _answers[path] = answer;

    private void AnswerWith(string header, string value) => Answer("/a.png", response =>
    {
        response.AddHeader(header, value);
        Png(response);
    });

    private static void Png(HttpListenerResponse response)
    {
        response.ContentType = "image/png";
        response.OutputStream.Write(s_png);
    }

    private static void Text(HttpListenerResponse response, string text)
    {
        response.ContentType = "text/plain";
        response.OutputStream.Write(System.Text.Encoding.UTF8.GetBytes(text));
    }

    private static void Redirect(HttpListenerResponse response, string to)
    {
        response.StatusCode = 302;
        response.AddHeader("Location", to);
    }

    private static void Chunked(HttpListenerResponse response, int chunks)
    {
        response.ContentType = "image/png";
        response.SendChunked = true;
        for (int i = 0; i < chunks; i++)
        {
            response.OutputStream.Write(new byte[1000]);
        }
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            _ = Task.Run(() =>
            {
                string path = context.Request.Url!.AbsolutePath;
                _asked.Enqueue(path);
                try
                {
                    if (_answers.TryGetValue(path, out Action<HttpListenerResponse>? answer))
                    {
                        answer(context.Response);
                    }
                    else
                    {
                        context.Response.StatusCode = 404;
                    }

                    context.Response.Close();
                }
                catch (Exception error) when (error is HttpListenerException or ObjectDisposedException or IOException)
                {
                    // The fetcher has hung up, as some tests want it to.
                }
            });
        }
    }
}
