using CsCheck;
using SafeVision.Imaging;

namespace SafeVision.Tests.Imaging;

/// <summary>Whatever the processor has, a picture is resized to the same bytes: a score must not depend on the machine.</summary>
public sealed class ResampleKernelTests
{
    private static readonly Gen<(Picture Source, ResizeOptions Options)> s_cases = Gen.Select(
        Gen.Int[1, 90], Gen.Int[1, 90], Gen.Enum<PixelLayout>(), Gen.Int[1, 90], Gen.Int[1, 90], Gen.Enum<ResampleFilter>(), Gen.Int,
        (width, height, layout, newWidth, newHeight, filter, seed) =>
            (Picture.Noise(width, height, layout, seed), new ResizeOptions(newWidth, newHeight, filter)));

    public static TheoryData<string> Kernels => [.. ResampleKernel.Supported.Select(kernel => kernel.GetType().Name)];

    [Theory]
    [MemberData(nameof(Kernels))]
    public void All_give_the_bytes_of_the_one_without_SIMD(string name) =>
        s_cases.Sample((source, options) => Assert.Equal(Resize(source, options, nameof(ScalarResampleKernel)), Resize(source, options, name)), iter: 100, threads: 1);

    [Theory]
    [MemberData(nameof(Kernels))]
    public void All_agree_where_rows_do_not_fit_the_working_memory(string name)
    {
        // A block of rows is 128 KiB, or 16 rows of more: sums are carried from one block to the next.
        foreach ((int width, int height, int newWidth, int newHeight) in new[] { (300, 400, 400, 7), (64, 60, 3000, 5), (900, 400, 301, 390) })
        {
            Picture source = Picture.Noise(width, height, PixelLayout.Rgb24, width);
            var options = new ResizeOptions(newWidth, newHeight, ResampleFilter.Lanczos);

            Assert.True(Resize(source, options, nameof(ScalarResampleKernel)).AsSpan().SequenceEqual(Resize(source, options, name)), $"{source.Width}x{source.Height}");
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void What_lies_after_the_picture_in_memory_does_not_matter(string name) =>
        s_cases.Sample((source, options) =>
        {
            byte[] followed = [.. source.Pixels, .. Picture.Noise(64, 1, PixelLayout.Rgba32, 5).Pixels];
            var view = new PixelView(followed.AsSpan(0, source.Pixels.Length), source.Width * source.Channels, source.Width, source.Height, source.Layout);

            Assert.Equal(Resize(source.View, options, name), Resize(view, options, name));
        }, iter: 50, threads: 1);

    [Fact]
    public void The_fastest_supported_one_is_used() => Assert.Same(ResampleKernel.Supported[^1].GetType(), ResampleKernel.Best.GetType());

    private static byte[] Resize(Picture source, in ResizeOptions options, string kernel) => Resize(source.View, options, kernel);

    private static byte[] Resize(in PixelView source, in ResizeOptions options, string kernel)
    {
        var rows = new Rows(new byte[options.Width * options.Height * source.Channels]);
        ImageResizer.Resize(
            source, ResizeTarget.Create(source.Width, source.Height, options), options, ResampleKernel.Supported.Single(one => one.GetType().Name == kernel), ref rows);
        return rows.Pixels;
    }

    private readonly struct Rows(byte[] pixels) : IResampleRowSink
    {
        public byte[] Pixels => pixels;

        public void Write(int row, ReadOnlySpan<byte> bytes) => bytes.CopyTo(pixels.AsSpan(row * bytes.Length));
    }
}
