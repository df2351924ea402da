using SafeVision.Files;

namespace SafeVision.Tests.Files;

public sealed class WholeFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("whole-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_folder_that_is_not_there_is_named_and_not_the_file_beside_the_place()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "no-folder");

        string message = Assert.Throws<DirectoryNotFoundException>(() => WholeFile.Write(Path.Combine(folder, "x.html"), "x")).Message;

        Assert.Contains($"'{folder}'", message, StringComparison.Ordinal);
        Assert.DoesNotContain(".tmp", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_fails_halfway_leaves_the_old_file_and_nothing_beside_it()
    {
        string path = Path.Combine(_folder, "a.txt");
        WholeFile.Write(path, "old");
        Assert.Throws<InvalidOperationException>(() => WholeFile.Write(path, stream =>
        {
            stream.Write("ne"u8);
            throw new InvalidOperationException();
        }));
        await Assert.ThrowsAsync<InvalidOperationException>(() => WholeFile.WriteAsync(path, async stream =>
        {
            await stream.WriteAsync("ne"u8.ToArray(), TestContext.Current.CancellationToken);
            throw new InvalidOperationException();
        }));
        Assert.Equal("old", await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
        Assert.Equal([path], Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void A_link_in_its_place_is_replaced_and_not_followed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege on Windows.");
        string path = Path.Combine(_folder, "a.txt"), other = Path.Combine(_folder, "other.txt");
        File.WriteAllText(other, "theirs");
        File.CreateSymbolicLink(path, other);
        WholeFile.Write(path, "ours");
        Assert.Equal(("theirs", "ours"), (File.ReadAllText(other), File.ReadAllText(path)));
        Assert.Null(new FileInfo(path).LinkTarget);
    }

    [Fact]
    public void Several_that_write_one_file_at_once_leave_one_of_them_whole()
    {
        string path = Path.Combine(_folder, "a.txt");
        string[] texts = [.. Enumerable.Range(0, 8).Select(i => new string((char)('a' + i), 100_000))];
        Parallel.ForEach(texts, text => WholeFile.Write(path, text));
        Assert.Contains(File.ReadAllText(path), texts);
        Assert.Single(Directory.GetFileSystemEntries(_folder));
    }
}
