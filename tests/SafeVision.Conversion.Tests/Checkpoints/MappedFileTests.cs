using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Tests.Checkpoints;

[Collection(nameof(MappedFileTests))]
[CollectionDefinition(nameof(MappedFileTests), DisableParallelization = true)] // what other tests allocate would count too
public sealed class MappedFileTests
{
    [Fact]
    public void A_part_is_the_same_after_the_memory_was_given_back()
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = new byte[96 << 20];
        new Random(1).NextBytes(bytes);
        File.WriteAllBytes(folder.PathOf("weights"), bytes);
        using var file = new MappedFile(folder.PathOf("weights"));
        ReadOnlyMemory<byte> all = file.Slice(0, bytes.Length), end = file.Slice(bytes.Length - 100, 100);
        Assert.True(all.Span.SequenceEqual(bytes));
        long before = Environment.WorkingSet;
        MappedFile.Release(all);
        Assert.True(Environment.WorkingSet < before - (48 << 20));
        Assert.True(end.Span.SequenceEqual(bytes.AsSpan(bytes.Length - 100)));
        Assert.True(all.Span.SequenceEqual(bytes));
    }

    [Fact]
    public void Memory_of_another_kind_is_left_alone_and_a_closed_file_stays_closed()
    {
        MappedFile.Release(new byte[3]);
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.PathOf("weights"), new byte[100 << 20]);
        var file = new MappedFile(folder.PathOf("weights"));
        ReadOnlyMemory<byte> part = file.Slice(0, 100 << 20);
        file.Dispose();
        MappedFile.Release(part);
        Assert.Throws<ObjectDisposedException>(() => part.Span.Length);
    }
}
