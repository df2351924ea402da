using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Tests.Checkpoints;

[Collection(nameof(MappedFileTests))]
[CollectionDefinition(nameof(MappedFileTests), DisableParallelization = true)] // what other tests allocate would count too
public sealed class MappedFileTests
{
    [Fact]
    public void Copying_gives_the_bytes_of_a_part_and_keeps_none_of_them_in_memory()
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = new byte[96 << 20], copy = new byte[1 << 20];
        new Random(1).NextBytes(bytes);
        File.WriteAllBytes(folder.PathOf("weights"), bytes);
        using var file = new MappedFile(folder.PathOf("weights"));
        ReadOnlyMemory<byte> part = file.Slice(100, bytes.Length - 100)[11..];
        long before = Environment.WorkingSet;
        for (int offset = 0; offset < part.Length; offset += copy.Length)
        {
            Span<byte> some = copy.AsSpan(0, Math.Min(copy.Length, part.Length - offset));
            MappedFile.Copy(part, offset, some);
            Assert.True(some.SequenceEqual(bytes.AsSpan(111 + offset, some.Length)));
        }

        Assert.True(Environment.WorkingSet < before + (48 << 20));
        Assert.True(part.Span.SequenceEqual(bytes.AsSpan(111)));
        Assert.Throws<ArgumentOutOfRangeException>(() => MappedFile.Copy(part, part.Length - 3, new byte[4]));
    }

    [Fact]
    public void Memory_of_another_kind_is_copied_too_and_a_closed_file_stays_closed()
    {
        byte[] copy = new byte[2];
        MappedFile.Copy(new byte[] { 1, 2, 3 }, 1, copy);
        Assert.Equal([2, 3], copy);

        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.PathOf("weights"), [1, 2, 3]);
        var file = new MappedFile(folder.PathOf("weights"));
        ReadOnlyMemory<byte> part = file.Slice(0, 3);
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => MappedFile.Copy(part, 0, copy));
        Assert.Throws<ObjectDisposedException>(() => part.Span.Length);
    }

    [Fact]
    public void A_file_that_becomes_shorter_is_an_error_that_says_so()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows keeps others from writing.");
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.PathOf("weights"), new byte[100]);
        using var writer = new FileStream(folder.PathOf("weights"), FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        using var file = new MappedFile(folder.PathOf("weights"));
        ReadOnlyMemory<byte> part = file.Slice(0, 100);
        writer.SetLength(50);
        CheckpointException exception = Assert.Throws<CheckpointException>(() => MappedFile.Copy(part, 10, new byte[60]));
        Assert.Contains("weights: has become shorter", exception.Message, StringComparison.Ordinal);
    }
}
