namespace SafeVision.Conversion.Hub;

/// <summary>Where a repository's files are kept, as the hub's own tools keep them: <c>blobs</c> by hash, <c>snapshots</c> by commit
/// with links to them, <c>refs</c> from revisions to commits.</summary>
internal sealed class HubCache(HubOptions options, HubRepository repository)
{
    private readonly string _folder = FolderOf(options, repository.Repository);

    /// <summary>The folder that looks like the repository.</summary>
    public string Snapshot => Path.Combine(_folder, "snapshots", repository.Commit);

    public static string FolderOf(HubOptions options, string repository) => Path.Combine(options.Downloads, $"models--{repository.Replace("/", "--", StringComparison.Ordinal)}");

    /// <summary>Waits until no other process works on a model, and keeps others out until it is disposed.</summary>
    /// <param name="options">Where, and how to wait.</param>
    /// <param name="waiting">Told once that there is another process.</param>
    public static async Task<IDisposable> LockAsync(HubOptions options, string name, Action waiting, CancellationToken cancellationToken)
    {
        // The file stays: one that is deleted while another process opens it would lock nobody out.
        string path = Path.Combine(Directory.CreateDirectory(Path.Combine(options.Downloads, ".locks")).FullName, $"safevision-{name}.lock");
        for (bool told = false; ; told = true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
            }
            catch (IOException) when (File.Exists(path))
            {
                if (!told)
                {
                    waiting();
                }

                await Task.Delay(TimeSpan.FromMilliseconds(250), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>How many bytes of these files are not here yet, by their sizes.</summary>
    public long Missing(IEnumerable<HubFile> files) => files.Sum(file => Place(file) is { } place && File.Exists(place) ? 0
        : file.Size - (File.Exists(Blob(file) + HubDownload.PartSuffix) ? Math.Min(file.Size, new FileInfo(Blob(file) + HubDownload.PartSuffix).Length) : 0));

    /// <summary>Gets a file, unless it is here and whole, and puts it into the snapshot.</summary>
    /// <exception cref="HubException">It can't be fetched, or is not what the list promises.</exception>
    public async Task GetAsync(HubConnection hub, HubFile file, Action<long> progress, CancellationToken cancellationToken)
    {
        string blob = Blob(file), link = Path.Combine(Snapshot, file.Name);
        Directory.CreateDirectory(Path.GetDirectoryName(blob)!);
        Directory.CreateDirectory(Snapshot);
        if (await HubDownload.IsWholeAsync(file, link, cancellationToken).ConfigureAwait(false))
        {
            progress(file.Size);
            return;
        }

        if (!await HubDownload.IsWholeAsync(file, blob, cancellationToken).ConfigureAwait(false))
        {
            await new HubDownload(hub, repository, file, blob, progress).RunAsync(cancellationToken).ConfigureAwait(false);
        }

        progress(file.Size);
        File.Delete(link);
        try
        {
            File.CreateSymbolicLink(link, Path.Combine("..", "..", "blobs", file.Hash));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            File.Move(blob, link); // Windows makes links for few users; the hub's tools do the same then
        }
    }

    /// <summary>Notes which commit a revision is today.</summary>
    public void Note(string revision)
    {
        if (!HubReference.IsCommit(revision))
        {
            string path = Path.Combine(_folder, "refs", revision);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, repository.Commit);
        }
    }

    private string Blob(HubFile file) => Path.Combine(_folder, "blobs", file.Hash);

    private string? Place(HubFile file) => Array.Find([Path.Combine(Snapshot, file.Name), Blob(file)], File.Exists);
}
