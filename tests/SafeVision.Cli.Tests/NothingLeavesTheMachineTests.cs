using System.Diagnostics;
using System.Text.RegularExpressions;
using SafeVision.Tests;

namespace SafeVision.Cli.Tests;

/// <summary>What a fresh process does beyond judging, as the system sees it: files, sockets, look-ups of names. ONNX Runtime's own
/// telemetry starts with its first environment, unless it was told not to before.</summary>
public sealed partial class NothingLeavesTheMachineTests
{
    /// <summary>So many that the process lives for some seconds: telemetry looks its collector up every two.</summary>
    private const int Images = 150;

    [Fact]
    public async Task Judging_an_image_writes_no_file_opens_no_socket_and_looks_up_no_name()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux shows a process's files and sockets to everybody.");
        using var home = new TemporaryFolder();
        using var temporary = new TemporaryFolder();

        string[] traces = await JudgeAsync(home, temporary, new Dictionary<string, string>());

        Assert.Empty(Directory.EnumerateFileSystemEntries(home.Path, "*", SearchOption.AllDirectories));
        Assert.Empty(traces);
    }

    [Fact]
    public async Task What_the_host_has_set_is_kept_and_the_watch_sees_telemetry_where_there_is_some()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux shows a process's files and sockets to everybody.");
        using var home = new TemporaryFolder();
        using var temporary = new TemporaryFolder();

        await JudgeAsync(home, temporary, new Dictionary<string, string> { ["ORT_DISABLE_TELEMETRY"] = "0" });

        Assert.NotEmpty(Directory.EnumerateFiles(home.Path, "*", SearchOption.AllDirectories));
    }

    /// <summary>Judges an image in a process that has nothing of this one's environment, and returns what it should not have done.</summary>
    private static async Task<string[]> JudgeAsync(TemporaryFolder home, TemporaryFolder temporary, Dictionary<string, string> environment)
    {
        string command = Path.Combine(AppContext.BaseDirectory, "SafeVision.Cli.dll");
        string? strace = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "strace")).FirstOrDefault(File.Exists);
        using var log = new TemporaryFolder();
        string[] watched = strace is null ? [] : [strace, "-f", "-qq", "-s", "300", "-e", "trace=network,openat,open,creat,mkdir,mkdirat", "-o", log.At("calls")];
        string[] judging = [.. watched, Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", command, "check", .. Enumerable.Repeat(Repository.PathOf("samples/images/coffee.png"), Images), "--format", "ndjson"];
        var start = new ProcessStartInfo(judging[0], judging[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        (string?, string?)[] kept = [.. new[] { "PATH", "DOTNET_ROOT", "LD_LIBRARY_PATH" }.Select(name => (name, Environment.GetEnvironmentVariable(name)))];
        start.Environment.Clear();
        foreach ((string? name, string? value) in kept.Where(pair => pair.Item2 is not null))
        {
            start.Environment[name!] = value;
        }

        (start.Environment["HOME"], start.Environment["TMPDIR"]) = (home.Path, temporary.Path);
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<int> end = CommandProcess.EndAsync(process);
        var sockets = new HashSet<string>();
        while (!end.IsCompleted)
        {
            sockets.UnionWith(strace is null ? InternetSockets(process.Id) : []);
            await Task.WhenAny(end, Task.Delay(20));
        }

        Assert.True(await end == 0 && (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length == Images, await error);
        return strace is null
            ? [.. sockets]
            : [.. File.ReadLines(log.At("calls")).Where(call => Network().IsMatch(call) || (Creation().Match(call) is { Success: true } made && !IsTemporary(made.Groups["path"].Value, home.Path)))];
    }

    /// <summary>Whether it is below the temporary folder, the one of the process or the system's; the home below it is not.</summary>
    private static bool IsTemporary(string path, string home) =>
        !path.StartsWith(home, StringComparison.Ordinal) && new[] { Path.GetTempPath(), "/tmp/", "/dev/" }.Any(folder => path.StartsWith(folder, StringComparison.Ordinal));

    /// <summary>The process's sockets that are not of this machine alone: those that the tables of TCP and UDP list.</summary>
    private static IEnumerable<string> InternetSockets(int process)
    {
        try
        {
            string[] tables = [.. new[] { "tcp", "tcp6", "udp", "udp6" }.Select(table => $"/proc/{process}/net/{table}").Where(File.Exists).SelectMany(File.ReadAllLines)];
            return [.. Directory.EnumerateFiles($"/proc/{process}/fd")
                .Select(link => Socket().Match(new FileInfo(link).LinkTarget ?? "")).Where(match => match.Success)
                .Select(match => match.Groups[1].Value).Where(inode => Array.Exists(tables, line => line.Contains($" {inode} ", StringComparison.Ordinal)))];
        }
        catch (IOException)
        {
            return []; // it has ended, or the file was closed meanwhile
        }
    }

    /// <summary>A socket of the internet, or the name service's, through which the C library may ask.</summary>
    [GeneratedRegex("socket\\(AF_INET|connect\\(.*(AF_INET|nscd|resolve)|sendto\\(.*AF_INET")]
    private static partial Regex Network();

    [GeneratedRegex("(open|openat)\\((AT_FDCWD, )?\"(?<path>[^\"]*)\".*O_CREAT|(mkdir|creat)\\(\"(?<path>[^\"]*)\"", RegexOptions.ExplicitCapture)]
    private static partial Regex Creation();

    [GeneratedRegex("^socket:\\[(\\d+)\\]$")]
    private static partial Regex Socket();
}
