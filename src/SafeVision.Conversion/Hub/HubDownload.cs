namespace SafeVision.Conversion.Hub;

/// <summary>Fetches one file beside its place, goes on where an earlier attempt ended, and puts it there only when its bytes have the hash of the list.</summary>
internal sealed class HubDownload(HubConnection hub, HubRepository repository, HubFile file, string place, Action<long> progress)
{
    /// <summary>The ending of a file that is not whole yet.</summary>
    public const string PartSuffix = ".safevision-part";

    private readonly byte[] _buffer = new byte[1 << 20];

    private string What => $"{repository.Repository} ({file.Name})";

    private string Part => place + PartSuffix;

    /// <summary>Whether a file has the size and hash of the list.</summary>
    public static async Task<bool> IsWholeAsync(HubFile file, string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1, FileOptions.Asynchronous | FileOptions.SequentialScan);
            if (stream.Length != file.Size)
            {
                return false;
            }

            using IncrementalHash hash = Begin(file);
            byte[] buffer = new byte[1 << 20];
            for (int count; (count = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
            {
                hash.AppendData(buffer, 0, count);
            }

            return Convert.ToHexStringLower(hash.GetCurrentHash()) == file.Hash;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <exception cref="HubException">It can't be fetched, or is not what the list promises.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // What a part of an older attempt holds may be wrong, so then there is a second try, from the first byte.
        bool goesOn = new FileInfo(Part) is { Exists: true, Length: > 0 }, isWhole = await FetchAsync(cancellationToken).ConfigureAwait(false);
        if (!isWhole && goesOn)
        {
            File.Delete(Part);
            isWhole = await FetchAsync(cancellationToken).ConfigureAwait(false);
        }

        if (!isWhole)
        {
            File.Delete(Part);
            throw new HubException(HubFailure.WrongHash, $"{What}: what arrives does not have the hash of the list ({file.Hash}). It was thrown away; try again later, or without a mirror.");
        }

        File.Move(Part, place, overwrite: true);
    }

    private async Task<bool> FetchAsync(CancellationToken cancellationToken)
    {
        using FileStream part = new(Part, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, 1, FileOptions.Asynchronous);
        if (part.Length > file.Size)
        {
            part.SetLength(0);
        }

        IncrementalHash hash = Begin(file);
        try
        {
            for (int count; (count = await part.ReadAsync(_buffer, cancellationToken).ConfigureAwait(false)) > 0;)
            {
                hash.AppendData(_buffer, 0, count);
            }

            progress(part.Length);
            if (part.Length < file.Size)
            {
                await hub.TryAsync(What, () => part.Position, async () =>
                {
                    using HubReply reply = await hub.GetAsync(hub.At(repository.Repository, "resolve", repository.Commit, file.Name), What, part.Position, cancellationToken).ConfigureAwait(false);
                    if (reply.From is null && part.Position > 0)
                    {
                        // The server does not do ranges: from the first byte.
                        part.SetLength(0);
                        hash.Dispose();
                        hash = Begin(file);
                    }

                    await ReceiveAsync(reply, part, hash, cancellationToken).ConfigureAwait(false);
                    return true;
                }, cancellationToken).ConfigureAwait(false);
            }

            await part.FlushAsync(cancellationToken).ConfigureAwait(false);
            return Convert.ToHexStringLower(hash.GetCurrentHash()) == file.Hash;
        }
        finally
        {
            hash.Dispose();
        }
    }

    private async Task ReceiveAsync(HubReply reply, FileStream part, IncrementalHash hash, CancellationToken cancellationToken)
    {
        long left = file.Size - part.Position;
        if (reply.IsEncoded || (reply.From is { } from && from != part.Position) || (reply.Length is { } length && length != left))
        {
            throw new HubException(HubFailure.BadReply, $"{What}: the server answers with other bytes than were asked for ({left} from byte {part.Position} on).");
        }

        while (left > 0)
        {
            int count = await reply.ReadAsync(_buffer.AsMemory(0, (int)Math.Min(_buffer.Length, left + 1)), cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                throw new HubInterruption("the connection was cut", null);
            }

            if (count > left)
            {
                throw TooLong();
            }

            await part.WriteAsync(_buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
            hash.AppendData(_buffer, 0, count);
            left -= count;
            progress(part.Position);
        }

        // Where no length was announced, more may follow than the list has.
        if (reply.Length is null && await reply.ReadAsync(_buffer.AsMemory(0, 1), cancellationToken).ConfigureAwait(false) > 0)
        {
            throw TooLong();
        }
    }

    private HubException TooLong() => new(HubFailure.BadReply, $"{What}: the server sends more than the {file.Size} bytes of the list.");

    private static IncrementalHash Begin(HubFile file)
    {
        if (file.Hash.Length == 64)
        {
            return IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        }

#pragma warning disable CA5350 // git names small files so; weights, which are large, have a SHA-256
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        hash.AppendData(Encoding.ASCII.GetBytes(FormattableString.Invariant($"blob {file.Size}\0")));
        return hash;
    }
}
