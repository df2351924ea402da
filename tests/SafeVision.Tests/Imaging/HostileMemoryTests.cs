using SafeVision.Imaging;

namespace SafeVision.Tests.Imaging;

/// <summary>What hostile files cost in memory, the decoders' own included.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class HostileMemoryTests
{
    private const long MostBytes = 256L << 20;

    [Fact]
    public void Large_buffers_of_many_images_at_once_leave_little_behind()
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        PixelBuffer[] buffers = [.. Enumerable.Range(0, 24).Select(i => PixelBuffer.Rent((5 + i) << 20))];
        Array.ForEach(buffers, buffer => buffer.Span[^1] = 1);
        Array.ForEach(buffers, buffer => ((IDisposable)buffer).Dispose());

        // A pool of arrays would keep most of their 400 MB.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 16 << 20);

        using PixelBuffer again = PixelBuffer.Rent(16 << 20);
        again.Span.Clear();
        Assert.Equal(16 << 20, again.Length);
    }

    [Fact]
    public void No_hostile_file_makes_the_process_grow_by_256_MiB()
    {
        foreach (string name in ImageFixtures.HostileNames)
        {
            byte[] bytes = ImageFixtures.Bytes(name);

            long growth = Growth(() => DecodeOrRefuse(bytes));

            Assert.True(growth < MostBytes, $"{name}: {growth >> 20} MiB");
        }
    }

    [Fact]
    public void The_measure_sees_what_a_decoder_would_take()
    {
        long growth = Growth(() =>
        {
            using PixelBuffer native = PixelBuffer.Rent(600 << 20); // far over the limit: the last look may miss the last of it
            native.Span.Fill(1);
        });

        Assert.InRange(growth, MostBytes, long.MaxValue);
    }

    private static void DecodeOrRefuse(byte[] bytes)
    {
        try
        {
            ImageFixtures.Decode(bytes).Dispose();
        }
        catch (ImageRejectedException refusal)
        {
            Assert.NotEmpty(refusal.Message);
        }
    }

    // The working set, looked at every millisecond: touching 256 MiB of new memory takes some thirty.
    private static long Growth(Action action)
    {
        long start = Environment.WorkingSet, peak = start;
        using var done = new ManualResetEventSlim();
        var watch = new Thread(() =>
        {
            do
            {
                peak = Math.Max(peak, Environment.WorkingSet);
            }
            while (!done.Wait(1));
        });
        watch.Start();
        try
        {
            action();
        }
        finally
        {
            done.Set();
            watch.Join();
        }

        return peak - start;
    }
}
