namespace SafeVision.Conversion.Hub;

/// <summary>One commit of a repository as the hub describes it: the files of its root, and what the owner says of it.</summary>
/// <param name="Repository">Owner and name as they are today, after renames.</param>
/// <param name="Commit">The commit, 40 hexadecimal digits.</param>
/// <param name="License">The SPDX identifier of the licence that the owner names; <c>NOASSERTION</c> where none is.</param>
/// <param name="Files">The files by name.</param>
internal sealed record HubRepository(string Repository, string Commit, string License, IReadOnlyDictionary<string, HubFile> Files)
{
    private const int MostPages = 20;
    private const int MostFiles = 10_000;
    private const long MostBytes = 1L << 44; // of a file; sums of what a page can list stay numbers

    /// <summary>Asks the hub: the revision's commit first, then the list of that commit, so that both belong together.</summary>
    /// <exception cref="HubException">It can't be had, or breaks a rule.</exception>
    public static async Task<HubRepository> ReadAsync(HubConnection hub, HubReference reference, CancellationToken cancellationToken)
    {
        string what = $"{reference.Repository} (revision {reference.Revision})";
        using JsonDocument document = await hub.GetJsonAsync(hub.At($"api/models/{reference.Repository}", "revision", reference.Revision), what, null, cancellationToken).ConfigureAwait(false);
        string? commit = Text(document.RootElement, "sha"), today = Text(document.RootElement, "id") ?? Text(document.RootElement, "modelId");
        if (commit is null || !HubReference.IsCommit(commit))
        {
            throw Bad(what, "the revision has no commit");
        }

        // An owner can point a branch at another commit at any time; a commit that was asked for must be that one.
        if (HubReference.IsCommit(reference.Revision) && commit != reference.Revision)
        {
            throw Bad(what, $"another commit was answered, {commit}");
        }

        string repository = today is not null && HubReference.IsRepository(today) ? today : reference.Repository;
        var files = new Dictionary<string, HubFile>(StringComparer.Ordinal);
        Uri? page = hub.At($"api/models/{repository}", "tree", commit);
        for (int i = 0; page is not null; i++)
        {
            if (i == MostPages || files.Count > MostFiles)
            {
                throw Bad(what, $"the list has more than {MostPages} pages or {MostFiles} files");
            }

            Uri? next = null;
            using JsonDocument list = await hub.GetJsonAsync(page, what, address => next = address, cancellationToken).ConfigureAwait(false);
            Add(list.RootElement, files, what);
            page = next;
        }

        return new HubRepository(repository, commit, LicenseOf(document.RootElement), files);
    }

    private static void Add(JsonElement list, Dictionary<string, HubFile> files, string what)
    {
        if (list.ValueKind != JsonValueKind.Array)
        {
            throw Bad(what, "the list of files is not a list");
        }

        foreach (JsonElement entry in list.EnumerateArray())
        {
            // Names that no file of a checkpoint has, such as ones with a folder, are not taken up at all.
            if (Text(entry, "type") != "file" || Text(entry, "path") is not { } name || !CheckpointSelection.IsPortable(name))
            {
                continue;
            }

            bool isLarge = entry.TryGetProperty("lfs", out JsonElement lfs) && lfs.ValueKind == JsonValueKind.Object;
            string? hash = Text(isLarge ? lfs : entry, "oid");
            if (hash is null || hash.Length != (isLarge ? 64 : 40) || !hash.All(char.IsAsciiHexDigitLower) || Number(isLarge ? lfs : entry, "size") is not { } size)
            {
                throw Bad(what, $"the list has no size or hash for {name}");
            }

            if (!files.TryAdd(name, new HubFile(name, size, hash)))
            {
                throw Bad(what, $"the list has {name} twice");
            }
        }
    }

    /// <summary>The hub writes SPDX identifiers in lower case, and some that SPDX does not have.</summary>
    private static string LicenseOf(JsonElement model)
    {
        string? license = model.TryGetProperty("cardData", out JsonElement card) ? Text(card, "license") is "other" ? Text(card, "license_name") : Text(card, "license") : null;
        return license switch
        {
            "apache-2.0" => "Apache-2.0",
            "mit" => "MIT",
            "bsd-3-clause" => "BSD-3-Clause",
            "cc-by-4.0" => "CC-BY-4.0",
            "cc-by-nc-4.0" => "CC-BY-NC-4.0",
            { Length: > 0 and <= 64 } when license.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '.') => $"LicenseRef-{license}",
            _ => "NOASSERTION",
        };
    }

    private static string? Text(JsonElement parent, string name)
    {
        try
        {
            return parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null; // half a surrogate pair, which no name or hash has
        }
    }

    private static long? Number(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number is >= 0 and <= MostBytes ? number : null;

    private static HubException Bad(string what, string detail) => new(HubFailure.BadReply, $"{what}: the hub's answer can't be used: {detail}.");
}

/// <summary>A file as the list describes it.</summary>
/// <param name="Size">Its bytes.</param>
/// <param name="Hash">Of a large file its SHA-256, 64 digits; of a small one git's SHA-1 over its length and content, 40 digits.</param>
internal sealed record HubFile(string Name, long Size, string Hash);
