namespace SafeVision.Conversion.Hub;

/// <summary>Which hub is asked, as whom, and where files are kept. The variables are those of the hub's own tools.</summary>
public sealed class HubOptions
{
    /// <summary>The address of the hub or of a mirror: https, or http on this machine. Default: <c>https://huggingface.co</c>.</summary>
    public Uri Endpoint { get; set; } = new("https://huggingface.co");

    /// <summary>The token that is sent to <see cref="Endpoint"/>, and to no other host; null: none.</summary>
    public string? Token { get; set; }

    /// <summary>The folder for downloads (<c>hub</c>, laid out as the hub's own tools do, so that both find what the other fetched)
    /// and for converted models (<c>safevision/models</c>). Default: <c>~/.cache/huggingface</c>.</summary>
    public string Folder { get; set; } = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "huggingface");

    /// <summary>Another folder for downloads than the one below <see cref="Folder"/>; null: none.</summary>
    public string? DownloadFolder { get; set; }

    /// <summary>Whether nothing may be fetched. Default: false.</summary>
    public bool Offline { get; set; }

    /// <summary>The most bytes that one repository's files may have together. Default: 128 GiB.</summary>
    public long MaximumBytes { get; set; } = 128L << 30;

    /// <summary>How long a server may be silent, or send less than 8 KiB a second, before the connection counts as cut. Default: 30 seconds.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How the pauses between attempts are waited for.</summary>
    internal Func<TimeSpan, CancellationToken, Task> Wait { get; set; } = Task.Delay;

    /// <summary>How many bytes a disk has left for this user; null: unknown.</summary>
    internal Func<string, long?> FreeSpace { get; set; } = Disk.FreeSpace;

    /// <summary>Where converted models are.</summary>
    internal string Models => Path.Combine(Folder, "safevision", "models");

    /// <summary>Where downloads are.</summary>
    internal string Downloads => DownloadFolder ?? Path.Combine(Folder, "hub");

    /// <summary>The settings of the process's environment: <c>HF_ENDPOINT</c>, <c>HF_TOKEN</c> or the file of <c>HF_TOKEN_PATH</c>
    /// (default <c>$HF_HOME/token</c>), <c>HF_HOME</c>, <c>HF_HUB_CACHE</c>, <c>HF_HUB_OFFLINE</c>.</summary>
    /// <exception cref="HubException">A variable can't be meant, or the token's file can't be read.</exception>
    public static HubOptions FromEnvironment() => From(Environment.GetEnvironmentVariable);

    internal static HubOptions From(Func<string, string?> variable)
    {
        string? Read(string name) => variable(name)?.Trim() is { Length: > 0 } value ? value : null;
        var options = new HubOptions();
        if (Read("HF_ENDPOINT") is { } endpoint)
        {
            options.Endpoint = Uri.TryCreate(endpoint.TrimEnd('/'), UriKind.Absolute, out Uri? address)
                ? address : throw new HubException(HubFailure.Misuse, $"HF_ENDPOINT is no address: '{endpoint}'.");
        }

        if (Read("HF_HOME") is { } home)
        {
            options.Folder = Path.GetFullPath(home);
        }
        else if (Read("XDG_CACHE_HOME") is { } caches)
        {
            options.Folder = Path.Combine(Path.GetFullPath(caches), "huggingface");
        }

        options.DownloadFolder = Read("HF_HUB_CACHE") is { } downloads ? Path.GetFullPath(downloads) : null;
        options.Offline = Read("HF_HUB_OFFLINE")?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";
        options.Token = Read("HF_TOKEN") ?? TokenIn(Read("HF_TOKEN_PATH") ?? Path.Combine(options.Folder, "token"));
        return options;
    }

    /// <summary>Checks what can't be meant, and returns a copy that nobody changes any more.</summary>
    /// <exception cref="HubException">The address is neither https nor on this machine, or the token has characters that no token has.</exception>
    internal HubOptions Validate()
    {
        if (!HubConnection.IsSafe(Endpoint, allowLoopback: true) || Endpoint.Query.Length + Endpoint.Fragment.Length + Endpoint.UserInfo.Length > 0)
        {
            throw new HubException(HubFailure.Misuse, $"'{Endpoint.Scheme}://{Endpoint.Host}' can't be used as a hub's address: it must be https, or http on this machine, without a query or a password.");
        }

        if (Token is { } token && (token.Length > 1024 || !token.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '.')))
        {
            throw new HubException(HubFailure.Misuse, "HF_TOKEN holds characters that no token has (it is not shown here). Set it again, without quotes or line breaks.");
        }

        return (HubOptions)MemberwiseClone();
    }

    private static string? TokenIn(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            return System.Text.Encoding.UTF8.GetString(Files.RegularFile.ReadAllBytes(path, 4096)).Trim() is { Length: > 0 } token ? token : null;
        }
        catch (Files.FileRefusedException exception)
        {
            throw new HubException(HubFailure.Misuse, $"{path}: the token can't be read. {exception.Message}", exception);
        }
    }
}

/// <summary>How much room a disk has.</summary>
internal static class Disk
{
    public static long? FreeSpace(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null; // a share that does not tell; the write itself will
        }
    }
}
