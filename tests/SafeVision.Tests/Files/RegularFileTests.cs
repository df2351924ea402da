using System.Diagnostics;
using System.Net.Sockets;
using SafeVision.Files;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.Models;
using SafeVision.Policies;

namespace SafeVision.Tests.Files;

/// <summary>What is not a regular file is refused at once, by the guard itself and by everything that opens files.</summary>
public sealed class RegularFileTests : IDisposable
{
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

    private static readonly TimeSpan s_atOnce = TimeSpan.FromSeconds(20);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("safevision-files-");

    public static TheoryData<string, FileRefusalReason, string> NotFiles => new()
    {
        { "pipe", FileRefusalReason.NotRegular, "'pipe' is a named pipe; only regular files are read." },
        { "link-to-pipe", FileRefusalReason.NotRegular, "'link-to-pipe' is a link to a named pipe" },
        { "link-to-link-to-pipe", FileRefusalReason.NotRegular, "is a link to a named pipe" },
        { "socket", FileRefusalReason.NotRegular, "'socket' is a socket" },
        { "link-to-socket", FileRefusalReason.NotRegular, "is a link to a socket" },
        { "/dev/zero", FileRefusalReason.NotRegular, "'zero' is a device" },
        { "/dev/tty", FileRefusalReason.NotRegular, "'tty' is a device" },
        { "link-to-device", FileRefusalReason.NotRegular, "is a link to a device" },
        { "folder", FileRefusalReason.NotRegular, "'folder' is a folder" },
        { "link-to-folder", FileRefusalReason.NotRegular, "is a link to a folder" },
        { "link-to-nothing", FileRefusalReason.Missing, "is a link to a file that is not there" },
        { "link-to-itself", FileRefusalReason.Unreadable, "is a link that leads back to itself" },
        { "nothing", FileRefusalReason.Missing, "'nothing' is not there" },
        { "file/below", FileRefusalReason.Missing, "'below' is not there" },
        { "empty", FileRefusalReason.Empty, "'empty' is empty: it has 0 bytes" },
        { "sparse", FileRefusalReason.TooLarge, "'sparse' has 1099511627776 bytes; at most 1000000 are read" },
        { "pointer", FileRefusalReason.GitLfsPointer, "git lfs pull" },
        { "zero\0character", FileRefusalReason.Unreadable, "has a zero character" },
    };

    public static TheoryData<string> Hostile => ["pipe", "link-to-pipe", "link-to-device", "link-to-socket", "link-to-folder", "link-to-itself", "link-to-nothing", "sparse"];

    public static TheoryData<string> Readers => [.. Doors.Keys];

    /// <summary>Everything in this library that opens a file by a path that somebody else chose or filled.</summary>
    private static Dictionary<string, Action<string>> Doors { get; } = new()
    {
        ["image"] = path => ImageSource.FromFile(path).ReadAsync(1_000_000).AsTask().GetAwaiter().GetResult(),
        ["policy"] = path => SafetyPolicy.FromFile(path),
        ["model file"] = path => Drain(ModelFolder.OnDisk(Path.GetDirectoryName(path)!).OpenRead(Path.GetFileName(path))),
        ["graph"] = path => OnnxHeader.Read(path),
    };

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(NotFiles))]
    public async Task What_is_not_a_file_of_an_allowed_length_is_refused_at_once_and_named(string name, FileRefusalReason reason, string message)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no named pipes and devices in the folders of Windows.");
        string path = Make(name);

        FileRefusedException refusal = Assert.IsType<FileRefusedException>(await Record.ExceptionAsync(() => AtOnce(() => RegularFile.Open(path, 1_000_000).Dispose())));

        Assert.Equal(reason, refusal.Reason);
        Assert.Equal(path, refusal.Path);
        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_folder.FullName, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public async Task Every_door_refuses_what_is_not_a_file_at_once_with_its_own_error(string door)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no named pipes and devices in the folders of Windows.");
        foreach (string name in Hostile.Select(row => row.Data))
        {
            if ((door, name) is ("model file", "sparse") or ("tokenizer", "link-to-nothing"))
            {
                continue; // weights may be that long: the manifest says how long; and what is not there need not be
            }

            string path = Make(name);
            Exception? error = await Record.ExceptionAsync(() => AtOnce(() => Doors[door](path)));
            Assert.True(error is ImageRejectedException or FileRefusedException or ModelLoadException or PolicyException, $"{door}, {name}: {error}");
        }
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public async Task Every_door_names_a_git_lfs_pointer_and_the_command_that_brings_the_file(string door)
    {
        string path = Make("pointer");
        Exception? error = await Record.ExceptionAsync(() => AtOnce(() => Doors[door](path)));
        Assert.Contains("git lfs pull", error?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipe_that_has_a_writer_is_refused_as_well()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no named pipes in the folders of Windows.");
        string path = Make("pipe");
        await using var both = new FileStream(path, FileMode.Open, FileAccess.ReadWrite); // does not wait: it is its own writer
        await both.WriteAsync("GIF89a"u8.ToArray(), TestContext.Current.CancellationToken);

        await Assert.ThrowsAsync<FileRefusedException>(() => AtOnce(() => RegularFile.Open(path, 1_000_000).Dispose()));
    }

    [Fact]
    public void A_regular_file_and_a_link_to_one_are_read_from_their_first_byte()
    {
        byte[] bytes = [.. Enumerable.Range(0, 5000).Select(i => (byte)i)];
        string path = Path.Combine(_folder.FullName, "plain"), link = Path.Combine(_folder.FullName, "link");
        File.WriteAllBytes(path, bytes);
        if (!OperatingSystem.IsWindows())
        {
            File.CreateSymbolicLink(link, path);
            Assert.Equal(bytes, RegularFile.ReadAllBytes(link, bytes.Length));
        }

        using FileStream stream = RegularFile.Open(path, bytes.Length, FileOptions.Asynchronous);
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        Assert.Equal(bytes, copy.ToArray());
        Assert.True(stream.CanSeek);
        Assert.Equal(bytes.Length, stream.Length);
        Assert.Equal(bytes[..7], RegularFile.ReadStart(path, new byte[7]).ToArray());
    }

    [Fact]
    public void An_empty_file_is_read_whole_as_nothing()
    {
        Assert.Empty(RegularFile.ReadAllBytes(Make("empty"), 10));
        Assert.True(RegularFile.ReadStart(Make("empty"), new byte[4]).IsEmpty);
    }

    [Fact]
    public void No_handle_stays_open_after_a_refusal()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The open files of a process are listed on Linux.");
        string[] paths = [Make("pipe"), Make("sparse"), Make("pointer"), Make("empty"), "/dev/zero"];
        int Open() => Directory.GetFiles("/proc/self/fd").Count(link => File.ResolveLinkTarget(link, false)?.FullName.StartsWith(_folder.FullName, StringComparison.Ordinal) == true);

        for (int i = 0; i < 50; i++)
        {
            Array.ForEach(paths, path => Assert.Throws<FileRefusedException>(() => RegularFile.Open(path, 1000)));
        }

        Assert.Equal(0, Open());
    }

    [Fact]
    public void The_files_that_macos_puts_beside_others_are_told_by_their_first_bytes()
    {
        Assert.True(RegularFile.IsAppleDouble([0x00, 0x05, 0x16, 0x07, 0x00, 0x02]));
        Assert.False(RegularFile.IsAppleDouble([0x00, 0x05, 0x16]));
        Assert.False(RegularFile.IsAppleDouble([0x00, 0x05, 0x16, 0x00])); // AppleSingle holds the content too
    }

    private static Task AtOnce(Action action) => Task.Run(action).WaitAsync(s_atOnce, TestContext.Current.CancellationToken);

    private static void Drain(Stream stream)
    {
        using (stream)
        {
            stream.CopyTo(Stream.Null);
        }
    }

    private string Make(string name)
    {
        string path = Path.Combine(_folder.FullName, name);
        if (Path.IsPathRooted(name) || Path.Exists(path))
        {
            return Path.IsPathRooted(name) ? name : path;
        }

        switch (name)
        {
            case "pipe":
                using (Process mkfifo = Process.Start("mkfifo", [path]))
                {
                    mkfifo.WaitForExit();
                }

                break;
            case "socket":
                using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
                {
                    string bound = Path.Combine(_folder.FullName, "bound");
                    socket.Bind(new UnixDomainSocketEndPoint(bound));
                    File.Move(bound, path); // or closing it removes the file
                }

                break;
            case "link-to-device":
                File.CreateSymbolicLink(path, "/dev/zero");
                break;
            case "link-to-itself" or "link-to-nothing":
                File.CreateSymbolicLink(path, name == "link-to-itself" ? path : Path.Combine(_folder.FullName, "gone"));
                break;
            case "folder":
                Directory.CreateDirectory(path);
                break;
            case "file/below":
                File.WriteAllText(Path.Combine(_folder.FullName, "file"), "text");
                break;
            case "empty":
                File.WriteAllBytes(path, []);
                break;
            case "pointer":
                File.WriteAllText(path, Pointer);
                break;
            case "sparse":
                using (FileStream sparse = File.Create(path))
                {
                    sparse.SetLength(1L << 40);
                }

                break;
            case { } when name.StartsWith("link-to-", StringComparison.Ordinal):
                File.CreateSymbolicLink(path, Make(name["link-to-".Length..]));
                break;
        }

        return path;
    }
}
