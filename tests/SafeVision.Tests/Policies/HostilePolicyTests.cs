using System.Diagnostics;
using System.Text;
using SafeVision.Policies;

namespace SafeVision.Tests.Policies;

/// <summary>Policy texts made to exhaust or confuse the reader.</summary>
public sealed class HostilePolicyTests
{
    private const string Header = "policy: p\nversion: \"1\"\ncategories:\n";
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(30);

    // Each takes about a second on one core; what is quadratic would take many minutes.
    public static TheoryData<string, string> Bombs => new()
    {
        { "nested lists", $"policy: {new string('[', 1_000_000)}" },
        { "nested mappings", $"policy: {Repeat("{a: ", 250_000)}" },
        { "nested dashes", Repeat("- ", 500_000) },
        { "nested keys", Repeat("? ", 500_000) },
        { "indentation", string.Concat(Enumerable.Range(0, 1_400).Select(depth => $"{new string(' ', depth)}a:\n")) },
        { "one key", $"{new string('a', 1_000_000)}: b" },
        { "an open quotation", $"policy: \"{new string('a', 1_000_000)}" },
        { "a block of text", $"policy: |\n{Repeat(" a\n", 300_000)}" },
        { "folded lines", $"policy: a\n{Repeat(" a\n", 300_000)}" },
        { "swallowed items", $"policy: a\n{Repeat(" - a\n", 200_000)}" },
        { "marks", $"policy: {new string('\u0301', 500_000)}" },
        { "unknown keys", $"{Header}{Repeat(80_000, index => $"k{index}: 1\n")}" },
        { "equal ids", $"{Header}{Repeat("- id: c\n", 60_000)}" },
        { "categories", $"{Header}{Repeat(25_000, index => $"- id: c{index}\n  includes: [c]\n")}" },
        { "phrases", $"{Header}  - id: c\n    includes: [{Repeat(120_000, index => $"c{index},")}]" },
        { "invisible characters", new string('\u200b', 300_000) },
        { "anchors", Repeat("&a ", 300_000) },
        { "directives", Repeat("%a b\n", 200_000) },
    };

    [Theory]
    [MemberData(nameof(Bombs))]
    public void A_megabyte_of_anything_is_refused_in_time_and_space(string what, string text)
    {
        _ = what;
        Assert.True(Encoding.UTF8.GetByteCount(text) <= 1024 * 1024);
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        PolicyException exception = Assert.Throws<PolicyException>(() => SafetyPolicy.Parse(text));
        Assert.True(Stopwatch.GetElapsedTime(start) < s_longest);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, 160L << 20);
        Assert.InRange(exception.Errors.Count, 1, 100);
        Assert.All(exception.Errors, error => Assert.True(error is { Line: > 0, Column: > 0, Message.Length: > 0 and < 700 }));
    }

    [Fact]
    public void A_billion_laughs_are_refused_at_the_first_alias()
    {
        string laughs = $"a: &a [lol, lol]\n{string.Concat(Enumerable.Range('b', 20).Select(name => $"{(char)name}: &{(char)name} [*{(char)(name - 1)}, *{(char)(name - 1)}]\n"))}";
        PolicyException exception = Assert.Throws<PolicyException>(() => SafetyPolicy.Parse($"{laughs}{Header}  - id: Sexual\n", "l.yaml"));
        Assert.Contains("l.yaml:2:8: aliases ('*a') are not supported in a policy; write the value out", exception.Message.Split('\n'));
    }

    [Fact]
    public void A_text_over_one_mebibyte_is_refused_unread()
    {
        foreach (string text in new[] { new string('#', 5_000_000), new string('é', 600_000) })
        {
            PolicyException exception = Assert.Throws<PolicyException>(() => SafetyPolicy.Parse(text, "big.yaml"));
            Assert.Equal("big.yaml:1:1: the policy is larger than 1 MiB", exception.Message);
        }
    }

    [Fact]
    public void A_file_of_five_megabytes_is_refused_without_being_held()
    {
        using TemporaryFile file = new([.. Encoding.UTF8.GetBytes(Header), .. new byte[5_000_000]]);
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        PolicyException exception = Assert.Throws<PolicyException>(() => SafetyPolicy.FromFile(file.Path));
        Assert.Equal($"{file.Path}:1:1: the policy is larger than 1 MiB", exception.Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, 4 << 20);
    }

    [Theory]
    [InlineData(new byte[] { 0xFF, 0xFE, 0x70, 0x00 }, 1, 1)] // UTF-16 with its mark
    [InlineData(new byte[] { 0x61, 0x0A, 0x62, 0x63, 0xE9, 0x0A }, 2, 3)] // Latin-1 é
    [InlineData(new byte[] { 0xC0, 0xAF }, 1, 1)] // overlong
    [InlineData(new byte[] { 0x61, 0xED, 0xA0, 0x80 }, 1, 2)] // a surrogate
    [InlineData(new byte[] { 0xEF, 0xBB, 0xBF, 0x61, 0x80 }, 1, 2)] // after a byte order mark
    public void A_file_that_is_not_utf8_is_refused_where_it_stops_being_so(byte[] bytes, int line, int column)
    {
        using TemporaryFile file = new(bytes);
        PolicyException exception = Assert.Throws<PolicyException>(() => SafetyPolicy.FromFile(file.Path));
        Assert.Equal($"{file.Path}:{line}:{column}: not UTF-8 from here on; save the file as UTF-8", exception.Message);
    }

    [Fact]
    public void A_byte_order_mark_and_windows_line_ends_change_nothing()
    {
        string yaml = SafetyPolicy.Starter.ToYaml();
        using TemporaryFile file = new([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(yaml.ReplaceLineEndings("\r\n"))]);
        Assert.Equal(SafetyPolicy.Starter, SafetyPolicy.FromFile(file.Path));
    }

    [Fact]
    public void A_file_that_is_not_there_or_a_folder_is_a_policy_error_that_says_so()
    {
        string missing = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"), "shop.yaml");
        Assert.Equal(
            $"{missing}: there is no such policy file; 'safevision policy new shop.yaml' writes one to start from",
            Assert.Throws<PolicyException>(() => SafetyPolicy.FromFile(missing)).Message);
        Assert.StartsWith($"{Path.GetTempPath()}: ", Assert.Throws<PolicyException>(() => SafetyPolicy.FromFile(Path.GetTempPath())).Message, StringComparison.Ordinal);
        Assert.Throws<PolicyException>(() => SafetyPolicy.FromFile(""));
        Assert.Throws<PolicyException>(() => SafetyPolicy.FromFile("a\0b"));
    }

    [Fact]
    public void A_pipe_a_device_or_a_link_to_one_is_refused_at_once()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "mkfifo makes the pipe.");
        string folder = Directory.CreateTempSubdirectory("policy-pipe-").FullName;
        try
        {
            string pipe = Path.Combine(folder, "pipe.yaml"), link = Path.Combine(folder, "link.yaml"), endless = Path.Combine(folder, "zero.yaml");
            Process.Start("mkfifo", [pipe]).WaitForExit();
            File.CreateSymbolicLink(link, pipe);
            File.CreateSymbolicLink(endless, "/dev/zero");
            long start = Stopwatch.GetTimestamp();
            Assert.All([pipe, link, endless], path => Assert.Throws<PolicyException>(() => SafetyPolicy.FromFile(path)));
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(5));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void More_phrases_than_engines_should_look_up_are_refused_at_the_category_that_passes_the_limit()
    {
        string text = Header + Repeat(256, index => $"  - id: cat{index}\n    includes: [{Repeat(100, phrase => $"thing {index} {phrase}, ")}]\n");
        Assert.Equal(
            "max.yaml:208:5: the policy has 25600 phrases in all its categories; at most 10240 are allowed, and this category passes them",
            Assert.Throws<PolicyException>(() => SafetyPolicy.Parse(text, "max.yaml")).Message);
    }

    [Fact]
    public void A_policy_made_in_code_is_refused_when_no_file_could_hold_it()
    {
        SafetyPolicyBuilder builder = SafetyPolicy.Define("large", "1");
        for (int i = 0; i < 20; i++)
        {
            builder.Category($"category{i}", category => category.Includes(Enumerable.Range(0, 200).Select(phrase => $"{phrase} {new string('\u8c61', 100)}")));
        }

        Assert.EndsWith(": the policy is larger than 1 MiB as a file", Assert.Throws<PolicyException>(builder.Build).Message, StringComparison.Ordinal);
    }

    private static string Repeat(string part, int count) => new StringBuilder(part.Length * count).Insert(0, part, count).ToString();

    private static string Repeat(int count, Func<int, string> part) => string.Concat(Enumerable.Range(0, count).Select(part));

    private sealed class TemporaryFile : IDisposable
    {
        public TemporaryFile(byte[] bytes) => File.WriteAllBytes(Path, bytes);

        public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"{Guid.NewGuid():N}.yaml");

        public void Dispose() => File.Delete(Path);
    }
}
