using System.Diagnostics;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Families;
using SafeVision.Conversion.Preparation;

namespace SafeVision.Conversion.Tests.Checkpoints;

/// <summary>Checkpoint folders as they come: pointers in place of files, links, pipes.</summary>
public sealed class CheckpointFileTests
{
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345678\n";

    public static TheoryData<string> Files => ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "preprocessor_config.json", "processor_config.json", "added_tokens.json", "generation_config.json", "model.safetensors.index.json", "LICENSE", "chat_template.jinja"];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_git_lfs_pointer_in_place_of_any_file_of_a_checkpoint_is_named_as_such(string file)
    {
        using var folder = new TemporaryFolder();
        Copy("internvl-qwen2-hf", folder);
        await File.WriteAllTextAsync(folder.PathOf($"source/{file}"), Pointer, TestContext.Current.CancellationToken);
        string message = await RefusalAsync(folder);
        Assert.Contains(file, message, StringComparison.Ordinal);
        Assert.Contains("is not the file but a Git LFS pointer", message, StringComparison.Ordinal);
        Assert.Contains("git lfs pull", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    [InlineData("model-00002-of-00002.safetensors")]
    public async Task So_is_one_in_place_of_a_shard_or_of_a_vocabulary(string file)
    {
        using var folder = new TemporaryFolder();
        Copy("internvl-qwen2-orig", folder);
        await File.WriteAllTextAsync(folder.PathOf($"source/{file}"), Pointer, TestContext.Current.CancellationToken);
        Assert.Contains("Git LFS pointer", await RefusalAsync(folder), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("adapter_config.json")]
    [InlineData("adapter_model.safetensors")]
    public void So_is_one_in_an_adapter_s_folder(string file)
    {
        using var folder = new TemporaryFolder();
        foreach (string path in Directory.EnumerateFiles(Fixture.PathOf("lora/adapter-qkvo")))
        {
            File.Copy(path, folder.PathOf(Path.GetFileName(path)));
        }

        File.WriteAllText(folder.PathOf(file), Pointer);
        Assert.Contains("Git LFS pointer", Assert.Throws<CheckpointException>(() => LoraAdapter.Open(folder.Root)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("config.json", false)]
    [InlineData("config.json", true)]
    [InlineData("model.safetensors", false)]
    [InlineData("model.safetensors", true)]
    [InlineData("tokenizer.json", true)]
    [InlineData("NOTICE", true)]
    public async Task A_pipe_or_a_link_to_one_is_refused_at_once(string file, bool isLinked)
    {
        if (OperatingSystem.IsWindows())
        {
            return; // pipes are no files there
        }

        using var folder = new TemporaryFolder();
        Copy("internvl-qwen2-hf", folder);
        string path = folder.PathOf($"source/{file}"), pipe = isLinked ? folder.PathOf("pipe") : path;
        File.Delete(path);
        using (Process made = Process.Start("mkfifo", [pipe]))
        {
            await made.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, made.ExitCode);
        }

        if (isLinked)
        {
            File.CreateSymbolicLink(path, pipe);
        }

        Assert.Contains("a named pipe", await RefusalAsync(folder).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_is_refused_and_never_read() =>
        Assert.Contains(OperatingSystem.IsWindows() ? "empty" : "a device", Assert.Throws<CheckpointException>(() => CheckpointFile.Open(OperatingSystem.IsWindows() ? Path.GetTempFileName() : "/dev/zero").Dispose()).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_folder_of_links_as_the_hub_s_cache_has_it_is_converted()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.PathOf("source"));
        foreach (string path in Directory.EnumerateFiles(Fixture.PathOf("vlm/internvl-qwen2-hf")))
        {
            File.CreateSymbolicLink(folder.PathOf($"source/{Path.GetFileName(path)}"), path);
        }

        await ModelConverter.ConvertAsync(Options(folder), null, TestContext.Current.CancellationToken);
        Assert.False(new FileInfo(folder.PathOf("model/config.json")).Attributes.HasFlag(FileAttributes.ReparsePoint));
    }

    [Fact]
    public void A_broken_link_is_missing_and_a_folder_is_no_file()
    {
        using var folder = new TemporaryFolder();
        File.CreateSymbolicLink(folder.PathOf("link"), folder.PathOf("nowhere"));
        Assert.Contains("is not there", Assert.Throws<CheckpointException>(() => CheckpointFile.Open(folder.PathOf("link"))).Message, StringComparison.Ordinal);
        Assert.Contains("is not there", Assert.Throws<CheckpointException>(() => CheckpointFile.Open(folder.PathOf("nothing"))).Message, StringComparison.Ordinal);
        Assert.Contains("is a folder", Assert.Throws<CheckpointException>(() => CheckpointFile.Open(folder.Root)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_adapter_alone_is_named_as_such()
    {
        string folder = Fixture.PathOf("lora/adapter-qkvo");
        Assert.Contains("LoRA adapter, not a model", Assert.Throws<CheckpointException>(() => ModelFamilies.Find(folder, null)).Message, StringComparison.Ordinal);
    }

    private static async Task<string> RefusalAsync(TemporaryFolder folder) =>
        (await Assert.ThrowsAsync<CheckpointException>(() => ModelConverter.ConvertAsync(Options(folder), null, TestContext.Current.CancellationToken))).Message;

    private static ConversionOptions Options(TemporaryFolder folder) => new() { Source = folder.PathOf("source"), Destination = folder.PathOf("model") };

    private static void Copy(string fixture, TemporaryFolder folder)
    {
        Directory.CreateDirectory(folder.PathOf("source"));
        foreach (string path in Directory.EnumerateFiles(Fixture.PathOf($"vlm/{fixture}")))
        {
            File.Copy(path, folder.PathOf($"source/{Path.GetFileName(path)}"));
        }
    }
}
