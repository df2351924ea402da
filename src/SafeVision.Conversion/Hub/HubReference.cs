namespace SafeVision.Conversion.Hub;

/// <summary>What a user asks for: a repository, which revision of it, and the name of the model's folder here.</summary>
/// <param name="Repository">Owner and name.</param>
/// <param name="Revision">A branch, a tag, or a commit of 40 hexadecimal digits.</param>
/// <param name="Known">The entry of the list of known guards; null for another repository.</param>
internal sealed partial record HubReference(string Repository, string Revision, KnownModel? Known)
{
    /// <summary>The folder's name: the known guard's, or owner and name with two hyphens between.</summary>
    public string Name => Known?.Name ?? Repository.Replace("/", "--", StringComparison.Ordinal);

    /// <summary>Reads <c>NAME[@revision]</c> or <c>owner/name[@revision]</c>.</summary>
    /// <exception cref="HubException">It is neither.</exception>
    public static HubReference Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split('@', 2);
        KnownModel? known = KnownModel.Find(parts[0]);
        string repository = known?.Repository ?? parts[0];
        string revision = parts.Length > 1 ? parts[1] : known?.Revision ?? "main";
        if (!IsRepository(repository))
        {
            throw new HubException(HubFailure.Misuse, $"'{parts[0]}' is no known guard and no repository (owner/name). Known are {string.Join(", ", KnownModel.All.Select(model => model.Name))}.");
        }

        return revision.Length <= 200 && Revisions.IsMatch(revision) && !revision.Contains("..", StringComparison.Ordinal)
            ? new HubReference(repository, revision, known)
            : throw new HubException(HubFailure.Misuse, $"'{text}': what follows @ must be a branch, a tag or a commit.");
    }

    /// <summary>The folder's name of what a user calls a model; null where no model is called so.</summary>
    public static string? FolderOf(string name) =>
        KnownModel.Find(name) is { } known ? known.Name
        : IsRepository(name) ? name.Replace("/", "--", StringComparison.Ordinal)
        : Names.IsMatch(name) && !name.Contains("..", StringComparison.Ordinal) ? name : null;

    public static bool IsRepository(string text) => text.Length <= 200 && Repositories.IsMatch(text)
        && !text.Contains("--", StringComparison.Ordinal) && !text.Contains("..", StringComparison.Ordinal) && !text.EndsWith('.');

    public static bool IsCommit(string text) => text.Length == 40 && text.All(char.IsAsciiHexDigitLower);

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}\z")]
    private static partial Regex Repositories { get; }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._/-]*\z")]
    private static partial Regex Revisions { get; }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,199}\z")]
    private static partial Regex Names { get; }
}
