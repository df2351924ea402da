using System.Diagnostics;
using SafeVision.Tests;

namespace SafeVision.Cli.Tests;

/// <summary>Which files a command line means, and that their names are no more than names.</summary>
public sealed class CheckPathsTests
{
    [Fact]
    public async Task Names_steer_neither_the_terminal_nor_the_table_nor_the_command_line()
    {
        using var folder = new TemporaryFolder();
        folder.Write("[red]x[b].png", "x");
        folder.Write("\u001b[31m\u202Eturned.png", "x");
        folder.Write("日本 語.png", "x");
        string list = folder.Write("@list", "nothing.png");

        CommandRun table = await CommandRun.OfAsync("check", folder.Path, list);

        Assert.Equal(3, table.ExitCode);
        Assert.Contains("[red]x[b].png", table.Output, StringComparison.Ordinal);
        Assert.Contains("日本 語.png", table.Output, StringComparison.Ordinal);
        Assert.Contains("@list", table.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("nothing.png", table.Output + table.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', table.Output);
        Assert.DoesNotContain('\u202E', table.Output);
    }

    [Fact]
    public void Folders_of_folders_are_read_when_asked_and_links_to_folders_never()
    {
        using var folder = new TemporaryFolder();
        folder.Write("b/inner.png", "x");
        folder.Write("outer.jpg", "x");
        folder.Write("notes.txt", "x");
        Directory.CreateSymbolicLink(folder.At("b", "circle"), folder.Path);
        File.CreateSymbolicLink(folder.At("dangling.png"), folder.At("nowhere"));

        ImageFiles flat = ImageFiles.Find([folder.Path], recursive: false);
        ImageFiles deep = ImageFiles.Find([folder.Path], recursive: true);

        Assert.Equal([folder.At("dangling.png"), folder.At("outer.jpg")], flat.Paths);
        Assert.Equal([folder.At("b", "inner.png"), folder.At("dangling.png"), folder.At("outer.jpg")], deep.Paths);
        Assert.Equal(1, deep.OtherFiles);
    }

    [Fact]
    public void An_image_under_another_name_is_found_in_a_folder()
    {
        using var folder = new TemporaryFolder();
        string disguised = folder.Photo("flower.jpg", "holiday.txt");
        string hidden = folder.Photo("chelsea.png", ".hidden");
        folder.Write("empty", "");

        ImageFiles files = ImageFiles.Find([folder.Path], recursive: false);

        Assert.Equal([hidden, disguised], files.Paths);
    }

    /// <summary>macOS writes them to disks of other systems: ._x.jpg beside x.jpg.</summary>
    [Fact]
    public async Task Files_of_attributes_that_macos_keeps_beside_images_are_passed_over_and_counted()
    {
        using var folder = new TemporaryFolder();
        folder.Photo("coffee.png", "coffee.png");
        folder.Write("._coffee.png", [0x00, 0x05, 0x16, 0x07, 0x00, 0x02, 0x00, 0x00]);
        folder.Write("renamed.jpg", [0x00, 0x05, 0x16, 0x07, 0x00, 0x02, 0x00, 0x00]);

        CommandRun run = await CommandRun.OfAsync("check", folder.Path, "--policy", Repository.PathOf("samples/policies/no-cats.yaml"), "--format", "ndjson");

        Assert.Equal(0, run.ExitCode);
        Assert.Single(run.Lines());
        Assert.Equal("2 files hold attributes that macOS keeps beside a file (AppleDouble), and no image; not checked.", run.Error.Trim());
    }

    [Fact]
    public async Task Pipes_in_a_folder_hold_nobody_up()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "mkfifo makes the pipe.");
        using var folder = new TemporaryFolder();
        folder.Photo("coffee.png", "coffee.png");
        using (Process pipes = Process.Start("mkfifo", [folder.At("pipe"), folder.At("pipe.jpg")]))
        {
            await pipes.WaitForExitAsync();
        }

        File.CreateSymbolicLink(folder.At("link.png"), folder.At("pipe"));
        CommandRun run = await CommandRun.OfAsync("check", folder.Path, "--policy", Repository.PathOf("samples/policies/no-cats.yaml"), "--format", "ndjson").WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(3, run.ExitCode);
        Assert.Equal(["allow", "block", "block"], run.Lines().Select(image => image.GetProperty("decision").GetString()));
    }

    [Fact]
    public void A_pattern_that_the_shell_left_is_expanded()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a1.png", "x");
        folder.Write("a2.png", "x");
        folder.Write("b.png", "x");

        Assert.Equal([folder.At("a1.png"), folder.At("a2.png")], ImageFiles.Find([folder.At("a?.*")], recursive: false).Paths);
        Assert.Throws<FileNotFoundException>(() => ImageFiles.Find([folder.At("c*.png")], recursive: false));
    }

    [Fact]
    public async Task A_path_that_is_not_there_is_named_and_nothing_is_printed()
    {
        CommandRun run = await CommandRun.OfAsync("check", Repository.PathOf("samples/images"), "no/such.png", "--format", "json");

        Assert.Equal(1, run.ExitCode);
        Assert.Equal("no/such.png: no such file or folder.", run.Error.Trim());
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task A_folder_without_images_is_an_error_that_says_so()
    {
        using var folder = new TemporaryFolder();
        folder.Write("deeper/x.png", "x");

        CommandRun run = await CommandRun.OfAsync("check", folder.Path);

        Assert.Equal(1, run.ExitCode);
        Assert.Equal($"There is no image in {folder.Path}; --recursive looks into folders of folders.", run.Error.Trim());
    }

    [Fact]
    public async Task An_unknown_format_is_refused_with_the_known_ones()
    {
        CommandRun run = await CommandRun.OfAsync("check", "x.png", "--format", "xml");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("ndjson", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provider_that_is_not_here_is_an_error_that_names_its_package()
    {
        CommandRun run = await CommandRun.OfAsync("check", Repository.PathOf("samples/images"), "--provider", "cuda", "--format", "json");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("SafeVision.Cuda", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }
}
