using System.Net;
using System.Net.Http.Headers;

#pragma warning disable RS0030 // The one place of the libraries that opens a connection, and only when a user asks for a model.

namespace SafeVision.Conversion.Hub;

/// <summary>Asks a hub. Redirects are followed by hand: over TLS alone, or within this machine where the hub is on it, and the
/// token goes to the hub's own host alone. What may pass is tried again, with the pauses that the server asks for.
/// Thread-safe.</summary>
/// <param name="notes">Told in words of every wait before another attempt; null: nobody.</param>
internal sealed class HubConnection(HubOptions options, Action<string>? notes = null) : IDisposable
{
    private const int Redirects = 8;
    private const int Attempts = 6; // in a row without progress
    private const long Progress = 1 << 20; // bytes that count as such
    private const int LongestDocument = 32 << 20;

    private static readonly TimeSpan s_longestPause = TimeSpan.FromMinutes(5), s_longestWait = TimeSpan.FromMinutes(10); // in a row without progress

    private readonly HttpClient _client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = options.Patience,
        MaxResponseHeadersLength = 64, // KiB
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Whether an address may be fetched.</summary>
    public static bool IsSafe(Uri address, bool allowLoopback) =>
        address.IsAbsoluteUri && (address.Scheme == Uri.UriSchemeHttps || (allowLoopback && address.Scheme == Uri.UriSchemeHttp && address.IsLoopback));

    /// <summary>An address of the hub's: a path that ends with a repository, and parts behind it that are encoded whole.</summary>
    public Uri At(string path, params string[] parts) =>
        new($"{options.Endpoint.AbsoluteUri.TrimEnd('/')}/{path}/{string.Join('/', parts.Select(Uri.EscapeDataString))}");

    /// <summary>Fetches a JSON document; <paramref name="next"/> receives the address of the next page, or null.</summary>
    /// <exception cref="HubException">It can't be had, is too long or is no JSON.</exception>
    public Task<JsonDocument> GetJsonAsync(Uri address, string what, Action<Uri?>? next, CancellationToken cancellationToken) => TryAsync(what, null, async () =>
    {
        using HubReply reply = await GetAsync(address, what, 0, cancellationToken).ConfigureAwait(false);
        byte[] text = await reply.ReadToEndAsync(LongestDocument, what, cancellationToken).ConfigureAwait(false);
        next?.Invoke(NextPage(reply, what));
        try
        {
            return JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 32 });
        }
        catch (JsonException exception)
        {
            throw new HubException(HubFailure.BadReply, $"{what}: {options.Endpoint.Host} did not answer with JSON. Is {options.Endpoint.GetLeftPart(UriPartial.Path)} a hub?", exception);
        }
    }, cancellationToken);

    /// <summary>One attempt to fetch something from its byte <paramref name="from"/> on, with its redirects.</summary>
    /// <exception cref="HubInterruption">It failed in a way that may pass.</exception>
    /// <exception cref="HubException">It failed in a way that won't.</exception>
    public async Task<HubReply> GetAsync(Uri address, string what, long from, CancellationToken cancellationToken)
    {
        Uri place = address;
        for (int i = 0; i <= Redirects; i++)
        {
            if (!IsSafe(place, options.Endpoint.IsLoopback))
            {
                throw new HubException(HubFailure.BadReply, $"{what}: the server sends on to {place.Scheme}://{place.Host}, which is not https; it is not followed.");
            }

            HttpResponseMessage response = await SendAsync(place, from, what, cancellationToken).ConfigureAwait(false);
            if ((int)response.StatusCode is 301 or 302 or 303 or 307 or 308 && response.Headers.Location is { } location)
            {
                response.Dispose();
                place = Uri.TryCreate(place, location, out Uri? next) ? next : throw new HubException(HubFailure.BadReply, $"{what}: the server sends on to no address.");
                continue;
            }

            if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent)
            {
                return new HubReply(response, place.Host, options.Patience);
            }

            using (response)
            {
                throw Failed(response, place, what);
            }
        }

        throw new HubException(HubFailure.BadReply, $"{what}: the server sends on more than {Redirects} times.");
    }

    /// <summary>Does something again while it fails in ways that may pass.</summary>
    /// <param name="done">How many bytes are there, so that a slow line is not taken for a dead one; null: nothing to count.</param>
    /// <exception cref="HubException">It failed for good.</exception>
    public async Task<T> TryAsync<T>(string what, Func<long>? done, Func<Task<T>> attempt, CancellationToken cancellationToken)
    {
        long before = 0;
        TimeSpan waited = TimeSpan.Zero;
        for (int failed = 0; ;)
        {
            try
            {
                return await attempt().ConfigureAwait(false);
            }
            catch (HubInterruption interruption)
            {
                long now = done?.Invoke() ?? 0;
                (failed, before, waited) = now - before >= Progress ? (1, now, TimeSpan.Zero) : (failed + 1, before, waited);
                TimeSpan pause = interruption.Pause ?? TimeSpan.FromSeconds(1 << (failed - 1));
                bool isLong = pause > s_longestPause || waited + pause > s_longestWait;
                if (failed >= Attempts || isLong)
                {
                    string later = isLong ? FormattableString.Invariant($" The server asks to wait {pause.TotalMinutes:0} minutes{(waited > TimeSpan.Zero ? " more" : "")}.") : "";
                    throw new HubException(HubFailure.Unreachable, $"{what}: {interruption.Message}.{later} Run the command again to go on from here.", interruption);
                }

                waited += pause;
                notes?.Invoke(FormattableString.Invariant($"{what}: {interruption.Message}; waiting {pause.TotalSeconds:0} s before attempt {failed + 1} of {Attempts}."));
                await options.Wait(pause, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<HttpResponseMessage> SendAsync(Uri place, long from, string what, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, place);
        request.Headers.AcceptEncoding.Add(new("identity")); // a compressed body has another length and no ranges
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("safevision", typeof(HubConnection).Assembly.GetName().Version?.ToString(3)));
        request.Headers.Range = from > 0 ? new RangeHeaderValue(from, null) : null;
        if (options.Token is { } token && IsHub(place))
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.Patience);
        try
        {
            return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token).ConfigureAwait(false);
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError is HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new HubException(HubFailure.BadReply, $"{what}: {place.Host} answers with more than 64 KiB of headers, which are not read.", exception);
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError is HttpRequestError.SecureConnectionError)
        {
            throw new HubException(HubFailure.Unreachable, $"{what}: no secure connection to {place.Host}. {exception.InnerException?.Message ?? exception.Message}", exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new HubInterruption($"{place.Host} can't be reached ({(exception as HttpRequestException)?.HttpRequestError.ToString() ?? "no answer in time"})", exception);
        }
    }

    private bool IsHub(Uri place) => place.Scheme == options.Endpoint.Scheme && place.Authority.Equals(options.Endpoint.Authority, StringComparison.OrdinalIgnoreCase);

    /// <summary>The next page of a list. It has to be the hub's.</summary>
    private Uri? NextPage(HubReply reply, string what)
    {
        if (reply.Link?.Split(',').Select(part => part.Split(';')).FirstOrDefault(parts => parts.Skip(1).Any(part => part.Trim() is "rel=\"next\"" or "rel=next")) is not [var target, ..])
        {
            return null;
        }

        return Uri.TryCreate(options.Endpoint, target.Trim().Trim('<', '>'), out Uri? next) && IsHub(next)
            ? next
            : throw new HubException(HubFailure.BadReply, $"{what}: the next page of the list is on another host; it is not followed.");
    }

    private Exception Failed(HttpResponseMessage response, Uri place, string what)
    {
        int status = (int)response.StatusCode;
        string code = response.Headers.TryGetValues("X-Error-Code", out IEnumerable<string>? codes) ? codes.First() : "";
        if (status is 408 or 425 or 429 or (>= 500 and not 501) || (!IsHub(place) && status is 401 or 403 or 410))
        {
            // An address of a file store holds for some minutes only; the hub gives a new one.
            return new HubInterruption($"{place.Host} answers {status}", null) { Pause = Pause(response) };
        }

        string page = $"{options.Endpoint.AbsoluteUri.TrimEnd('/')}/{what.Split(' ')[0]}";
        return (status, code, options.Token) switch
        {
            (401 or 403, "GatedRepo", null) => new HubException(HubFailure.Gated, $"{what}: is gated. Accept the terms at {page}, then set HF_TOKEN to a token of that account."),
            (401 or 403, "GatedRepo", _) => new HubException(HubFailure.Gated, $"{what}: is gated, and the account of HF_TOKEN has not been granted access. Accept the terms at {page}; some owners answer by hand."),
            (401, _, not null) => new HubException(HubFailure.TokenRefused, $"{what}: {place.Host} does not take the token in HF_TOKEN. Make a new one in the hub's settings."),
            (401 or 403, _, null) => new HubException(HubFailure.NotFound, $"{what}: there is no such repository, or it is private or gated. If it is there: accept the terms at {page}, then set HF_TOKEN."),
            (403, _, _) => new HubException(HubFailure.NotFound, $"{what}: the account of HF_TOKEN may not read it. See {page}."),
            (404, "RevisionNotFound", _) => new HubException(HubFailure.NotFound, $"{what}: there is no such revision."),
            (404 or 410, _, _) => new HubException(HubFailure.NotFound, $"{what}: is not there."),
            _ => new HubException(HubFailure.BadReply, $"{what}: {place.Host} answers {status}, which is not expected."),
        };
    }

    /// <summary>How long the server asks to wait: Retry-After in seconds or as a date, or what is left of the hub's own window.</summary>
    private static TimeSpan? Pause(HttpResponseMessage response)
    {
        TimeSpan? pause = response.Headers.RetryAfter is { } after ? after.Delta ?? after.Date - response.Headers.Date : null;
        if (pause is null && response.Headers.TryGetValues("RateLimit", out IEnumerable<string>? limits))
        {
            string? left = limits.SelectMany(limit => limit.Split(';')).Select(part => part.Trim()).FirstOrDefault(part => part.StartsWith("t=", StringComparison.Ordinal));
            pause = int.TryParse(left?[2..], out int seconds) ? TimeSpan.FromSeconds(seconds) : null;
        }

        return pause is { } wait && wait < TimeSpan.Zero ? TimeSpan.Zero : pause;
    }
}

/// <summary>The body of an answer, read with limits on silence, slowness and length.</summary>
internal sealed class HubReply(HttpResponseMessage response, string host, TimeSpan patience) : IDisposable
{
    /// <summary>The fewest bytes a second, over the time that a server may be silent: at that rate a gigabyte takes a day and a half.</summary>
    public const int LeastRate = 8 << 10;

    private Stream? _body;
    private TimeSpan _waited; // for the bytes of this window; the time that the caller's disk takes is not the server's
    private long _came;

    /// <summary>Whether it is the part that was asked for, from this byte on; null: the whole.</summary>
    public long? From => response.StatusCode == HttpStatusCode.PartialContent ? response.Content.Headers.ContentRange?.From ?? -1 : null;

    /// <summary>How many bytes are announced; null: none.</summary>
    public long? Length => response.Content.Headers.ContentLength;

    /// <summary>Whether the body is compressed although that was not asked for.</summary>
    public bool IsEncoded => response.Content.Headers.ContentEncoding.Any(encoding => !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase));

    public string? Link => response.Headers.TryGetValues("Link", out IEnumerable<string>? links) ? string.Join(',', links) : null;

    /// <summary>Reads some bytes; 0 at the end.</summary>
    /// <exception cref="HubInterruption">The connection was cut, or nothing or too little came for too long.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        long began = TimeProvider.System.GetTimestamp();
        int count;
        try
        {
            _body ??= await response.Content.ReadAsStreamAsync(limit.Token).ConfigureAwait(false);
            count = await _body.ReadAsync(buffer, limit.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new HubInterruption("the connection was cut", exception);
        }

        (_waited, _came) = (_waited + TimeProvider.System.GetElapsedTime(began), _came + count);
        if (_waited >= patience && count > 0)
        {
            if (_came < LeastRate * _waited.TotalSeconds)
            {
                throw new HubInterruption(FormattableString.Invariant($"{host} sends too slowly, {_came} bytes in {_waited.TotalSeconds:0} s"), null);
            }

            (_waited, _came) = (TimeSpan.Zero, 0);
        }

        return count;
    }

    /// <summary>Reads all of it.</summary>
    /// <exception cref="HubException">It has more bytes than it may have.</exception>
    public async Task<byte[]> ReadToEndAsync(int longest, string what, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        for (int count; (count = Length > longest ? longest + 1 : await ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            if (bytes.Length + count > longest)
            {
                throw new HubException(HubFailure.BadReply, $"{what}: the answer has more than {longest} bytes, which are not read.");
            }

            bytes.Write(buffer, 0, count);
        }

        return bytes.ToArray();
    }

    public void Dispose()
    {
        _body?.Dispose();
        response.Dispose();
    }
}

/// <summary>A failure that may pass: it is tried again.</summary>
internal sealed class HubInterruption(string message, Exception? inner) : Exception(message, inner)
{
    /// <summary>How long the server asks to wait; null: it does not say.</summary>
    public TimeSpan? Pause { get; init; }
}
