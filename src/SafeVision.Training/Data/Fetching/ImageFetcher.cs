// The one place of the libraries that opens a connection: collecting a list of addresses is what its caller asks for.
#pragma warning disable RS0030

using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace SafeVision.Training.Data.Fetching;

/// <summary>What fetching may cost, and as whom it is done.</summary>
/// <remarks>Setting a value outside its range throws <see cref="ArgumentOutOfRangeException"/>.</remarks>
public sealed class FetchOptions
{
    /// <summary>The name that sites know the program by and speak of in <c>robots.txt</c>: ASCII letters, <c>_</c> and <c>-</c>. Default <c>SafeVision-data</c>.</summary>
    public string Agent
    {
        get;
        set => field = value is { Length: > 0 and <= 50 } && value.All(letter => char.IsAsciiLetter(letter) || letter is '_' or '-') ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "A program's name has 1 to 50 ASCII letters, '_' or '-'.");
    } = "SafeVision-data";

    /// <summary>The most bytes of an image, 1 to 256 MiB. Default 16 MiB.</summary>
    public int MaxBytes { get; set => field = InRange(value, 1, 256 << 20); } = 16 << 20;

    /// <summary>The longest that one image may take, redirects included: up to an hour. Default 20 seconds.</summary>
    public TimeSpan MaxTime { get; set => field = value > TimeSpan.Zero && value <= TimeSpan.FromHours(1) ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A time limit is above 0 and at most an hour."); } = TimeSpan.FromSeconds(20);

    /// <summary>How many images are fetched from one host at once, 1 to 64. Default 2. How many in all, <see cref="StageRunOptions.Parallelism"/> says.</summary>
    public int PerHost { get; set => field = InRange(value, 1, 64); } = 2;

    /// <summary>The most redirects that are followed, 0 to 20. Default 5.</summary>
    public int MaxRedirects { get; set => field = InRange(value, 0, 20); } = 5;

    private static int InRange(int value, int least, int most) =>
        value >= least && value <= most ? value : throw new ArgumentOutOfRangeException(nameof(value), value, $"{least} to {most}.");
}

/// <summary>Fetches images from addresses that a stranger listed. Only http and https to public addresses: a name is
/// resolved once, and the connection goes to an address that was looked at, so that no answer of a name server leads
/// into the caller's network; each redirect is looked at anew. <c>robots.txt</c> is honoured, and so are the headers
/// with which a site opts out of training. No cookie, no proxy, no credentials. Thread-safe.</summary>
public sealed class ImageFetcher : IDisposable
{
    private const int MostHosts = 10_000; // whose rules are remembered

    private readonly FetchOptions _options;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;
    private readonly Func<IPAddress, bool> _mayConnect;
    private readonly HttpMessageInvoker _client;
    private readonly ConcurrentDictionary<string, Lazy<Task<RobotsRules>>> _robots = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim[] _turns; // hosts with one hash share a turn

    /// <summary>Creates a fetcher.</summary>
    /// <param name="options">Read now; null for the defaults.</param>
    public ImageFetcher(FetchOptions? options = null)
        : this(options, static (host, stop) => Dns.GetHostAddressesAsync(host, stop), PublicAddresses.IsPublic)
    {
    }

    /// <summary>The same with another resolver and another idea of what may be reached, for tests against a server of their own.</summary>
    internal ImageFetcher(FetchOptions? options, Func<string, CancellationToken, Task<IPAddress[]>> resolve, Func<IPAddress, bool> mayConnect)
    {
        options ??= new FetchOptions();
        _options = new FetchOptions { Agent = options.Agent, MaxBytes = options.MaxBytes, MaxTime = options.MaxTime, PerHost = options.PerHost, MaxRedirects = options.MaxRedirects };
        (_resolve, _mayConnect) = (resolve, mayConnect);
        _turns = [.. Enumerable.Range(0, 1024).Select(_ => new SemaphoreSlim(_options.PerHost))];
        _client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false, // a proxy would resolve names itself
            Credentials = null,
            AutomaticDecompression = DecompressionMethods.None,
            MaxResponseHeadersLength = 64, // KiB
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            MaxConnectionsPerServer = _options.PerHost,
            ActivityHeadersPropagator = null,
            ConnectCallback = async (context, stop) => await ConnectAsync(context.DnsEndPoint, stop).ConfigureAwait(false),
        });
    }

    /// <summary>Fetches an image; nothing is known of its bytes yet.</summary>
    /// <param name="address">Its address.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="FetchException">It was not fetched.</exception>
    public async Task<ReadOnlyMemory<byte>> FetchAsync(Uri address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Uri current = Require(address);
        SemaphoreSlim turn = _turns[(uint)current.Authority.GetHashCode(StringComparison.Ordinal) % (uint)_turns.Length];
        await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        stop.CancelAfter(_options.MaxTime); // not while it waits for its turn
        try
        {
            for (int redirects = 0; ; redirects++)
            {
                RobotsRules rules = await RulesAsync(current, stop.Token).ConfigureAwait(false);
                if (!rules.Allows(current.PathAndQuery))
                {
                    throw new FetchException($"{current.Authority} does not want it fetched (robots.txt).", isFinal: true);
                }

                using HttpResponseMessage answer = await SendAsync(current, "image/*", stop.Token).ConfigureAwait(false);
                if ((int)answer.StatusCode is 301 or 302 or 303 or 307 or 308 && answer.Headers.Location is { } location)
                {
                    current = redirects < _options.MaxRedirects ? Require(new Uri(current, location)) : throw new FetchException($"It is redirected more than {_options.MaxRedirects} times.", isFinal: true);
                    continue;
                }

                RequireImage(answer);
                return await ReadAsync(answer, _options.MaxBytes, stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new FetchException($"It took more than {_options.MaxTime.TotalSeconds:0.#} seconds.", isFinal: false, error);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or SocketException or UriFormatException)
        {
            throw error.InnerException as FetchException ?? new FetchException($"{current.Authority} could not be reached: {error.Message}", isFinal: false, error);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        foreach (SemaphoreSlim turn in _turns)
        {
            turn.Dispose();
        }
    }

    private static Uri Require(Uri address) => address is { IsAbsoluteUri: true, Scheme: "http" or "https", UserInfo: "" }
        ? address
        : throw new FetchException("The address is not one of http or https, or it holds credentials.", isFinal: true);

    private void RequireImage(HttpResponseMessage answer)
    {
        int status = (int)answer.StatusCode;
        if (status != 200)
        {
            throw new FetchException($"The answer is {status}.", isFinal: status is >= 400 and < 500 and not 408 and not 425 and not 429);
        }

        if (OptOut.Find([.. answer.Headers, .. answer.Content.Headers], _options.Agent) is { } header)
        {
            throw new FetchException($"Its owner does not want it trained on ({header}).", isFinal: true);
        }

        if (answer.Content.Headers.ContentType?.MediaType is { } type && !type.StartsWith("image/", StringComparison.OrdinalIgnoreCase) && !type.Equals("application/octet-stream", StringComparison.OrdinalIgnoreCase))
        {
            throw new FetchException($"It is no image but {type}.", isFinal: true);
        }

        if (answer.Content.Headers.ContentEncoding.Count > 0)
        {
            throw new FetchException("It is compressed beyond its format.", isFinal: true);
        }
    }

    private Task<HttpResponseMessage> SendAsync(Uri address, string accept, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue(_options.Agent, "1"));
        request.Headers.TryAddWithoutValidation("Accept", accept);
        return _client.SendAsync(request, cancellationToken);
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpResponseMessage answer, int most, CancellationToken cancellationToken)
    {
        if (answer.Content.Headers.ContentLength > most)
        {
            throw new FetchException($"It has {answer.Content.Headers.ContentLength} bytes; at most {most} are read.", isFinal: true);
        }

        Stream stream = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            using var bytes = new MemoryStream();
            byte[] buffer = new byte[1 << 16];
            for (int count; (count = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
            {
                if (bytes.Length + count > most)
                {
                    throw new FetchException($"It has more than {most} bytes.", isFinal: true);
                }

                bytes.Write(buffer, 0, count);
            }

            return bytes.ToArray();
        }
    }

    /// <summary>The rules of a site, asked for once. One that cannot be asked has forbidden everything, as the standard demands.</summary>
    private async Task<RobotsRules> RulesAsync(Uri address, CancellationToken cancellationToken)
    {
        string site = address.GetLeftPart(UriPartial.Authority);
        if (_robots.Count > MostHosts)
        {
            _robots.Clear(); // rare, and only costs asking again
        }

        Lazy<Task<RobotsRules>> rules = _robots.GetOrAdd(site, key => new Lazy<Task<RobotsRules>>(() => AskAsync(new Uri($"{key}/robots.txt"))));
        try
        {
            return await rules.Value.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (FetchException)
        {
            _robots.TryRemove(new KeyValuePair<string, Lazy<Task<RobotsRules>>>(site, rules)); // another image asks again
            throw;
        }
    }

    private async Task<RobotsRules> AskAsync(Uri robots)
    {
        using var stop = new CancellationTokenSource(_options.MaxTime);
        Uri current = robots;
        try
        {
            for (int redirects = 0; redirects <= _options.MaxRedirects; redirects++)
            {
                using HttpResponseMessage answer = await SendAsync(current, "text/plain", stop.Token).ConfigureAwait(false);
                int status = (int)answer.StatusCode;
                if (status is 301 or 302 or 303 or 307 or 308 && answer.Headers.Location is { } location)
                {
                    current = Require(new Uri(current, location));
                    continue;
                }

                return status switch
                {
                    >= 200 and < 300 => RobotsRules.Read(await ReadStartAsync(answer, stop.Token).ConfigureAwait(false), _options.Agent),
                    >= 400 and < 500 and not 429 => RobotsRules.Open,
                    _ => RobotsRules.Closed,
                };
            }

            return RobotsRules.Open; // too many redirects: as if there were none
        }
        catch (Exception error) when (error is HttpRequestException or IOException or SocketException or OperationCanceledException or UriFormatException)
        {
            throw error.InnerException as FetchException ?? new FetchException($"{robots.Authority} could not be asked for its robots.txt: {error.Message}", isFinal: false, error);
        }
    }

    /// <summary>The beginning of a text, as much of it as is looked at.</summary>
    private static async Task<string> ReadStartAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        Stream stream = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            byte[] bytes = new byte[RobotsRules.MostBytes];
            return Encoding.UTF8.GetString(bytes, 0, await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false));
        }
    }

    /// <summary>Connects to an address that was looked at, and to no other that the name may have a moment later.</summary>
    private async Task<Stream> ConnectAsync(DnsEndPoint end, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = IPAddress.TryParse(end.Host, out IPAddress? literal) ? [literal] : await _resolve(end.Host, cancellationToken).ConfigureAwait(false);
        IPAddress[] allowed = [.. addresses.Where(_mayConnect)];
        if (allowed.Length == 0)
        {
            throw new FetchException(addresses.Length == 0 ? $"{end.Host} has no address." : $"{end.Host} is not on the public internet.", isFinal: addresses.Length > 0);
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, end.Port, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
