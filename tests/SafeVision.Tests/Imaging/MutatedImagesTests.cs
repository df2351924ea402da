using CsCheck;
using SafeVision.Imaging;

namespace SafeVision.Tests.Imaging;

/// <summary>Real files of every format, damaged at random: each decodes or is refused with a reason, soon, and nothing crashes.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class MutatedImagesTests
{
    private static readonly (string Name, byte[] Bytes)[] s_files =
    [
        .. ((string[])
        [
            .. ImageFixtures.DecodableNames, "apng/blend.png", "apng/clear.png", "apng/takeback.png", "apng/rgb.png",
            "../field/alpha-mirage/mirage.png", "../field/bmp-zero-alpha/bmp_v5_alpha0.bmp", "../field/animation-held-frame/held_frame.gif",
            "../field/png-gamma-trick/gamma_hidden.png", "../field/tiff-subifd-thumbnail/subifd.dng",
        ]).Select(name => (name, ImageFixtures.Bytes(name))),
        ("cICP", PngFile.Of(PngFile.Rgba, new byte[64 * 4], 64, 48, ("cICP", [9, 16, 0, 1]))),
        ("gray profile", PngFile.Of(PngFile.Gray, new byte[64], 64, 48, PngFile.Profile(PngFile.Icc("GRAY", 4)))),
        ("RGB profile", PngFile.Of(PngFile.Rgb, new byte[64 * 3], 64, 48, PngFile.Profile(PngFile.Icc("RGB ", 4)), PngFile.Gamma(20_000))),
    ];

    // CsCheck_Time=300 in the environment runs it for five minutes instead.
    private static readonly long s_iterations = Environment.GetEnvironmentVariable("CsCheck_Time") is null ? 3000 : -1;

    private static readonly Gen<Mutation> s_mutations = Gen.OneOf(
        Gen.Double[0, 1].Select(at => new Mutation("cut", bytes => bytes[..(int)(at * bytes.Length)])),
        Gen.Select(Gen.Double[0, 1], Gen.Byte).Array[1, 12].Select(changes => new Mutation("bytes", bytes => Set(bytes, changes))),
        Gen.Select(Gen.Double[0, 0.05], AnyOf<byte>(0, 1, 0x7F, 0x80, 0xFF)).Array[1, 6].Select(changes => new Mutation("header", bytes => Set(bytes, changes))),
        Gen.Select(Gen.Double[0, 1], AnyOf(0, 1, -1, int.MaxValue, int.MinValue, 65_535, 0x01000000, 20_000, 0x204E0000))
            .Select((at, value) => new Mutation("number", bytes => Write(bytes, (int)(at * (bytes.Length - 4)), value))),
        Gen.Select(Gen.Double[0, 1], Gen.Double[0, 0.2]).Select((at, share) => new Mutation("hole", bytes => Remove(bytes, at, share))),
        Gen.Select(Gen.Double[0, 1], Gen.Double[0, 0.2]).Select((at, share) => new Mutation("echo", bytes => Repeat(bytes, at, share))));

    [Fact]
    public void Decode_or_are_refused_with_a_reason()
    {
        int decoded = 0, refused = 0, other = 0;
        Gen.Select(Gen.Int[0, s_files.Length - 1], s_mutations.Array[1, 3], AnyOf<int?>(null, 8, 64))
            .Sample((file, mutations, shortSide) =>
            {
                byte[] bytes = mutations.Aggregate(s_files[file].Bytes, (damaged, mutation) => mutation.Apply(damaged));
                ImageDecodeOptions options = ImageFixtures.Options;
                options.TargetShortSide = shortSide;
                TimeSpan before = Environment.CpuUsage.TotalTime;
                try
                {
                    using DecodedImage image = ImageFixtures.Decode(bytes, options);

                    decoded++;
                    Assert.InRange(image.Frames.Count, 1, options.MaxSampledFrames);
                    Assert.InRange(image.Frames.Sum(frame => (long)frame.Pixels.Length / 3), 1, options.Limits.MaxPixels);
                    Assert.InRange(image.OtherRenderings.Sum(frame => (long)frame.Pixels.Length / 3), 0, 2 * options.Limits.MaxPixels);
                    other += image.OtherRenderings.Count;
                }
                catch (ImageRejectedException refusal)
                {
                    refused++;
                    Assert.True(Enum.IsDefined(refusal.Reason) && refusal.Reason != ImageRejectionReason.Unreadable, refusal.Reason.ToString());
                    Assert.InRange(refusal.Message.Length, 20, 400);
                }

                Assert.InRange(Environment.CpuUsage.TotalTime - before, TimeSpan.Zero, TimeSpan.FromSeconds(2));
            }, iter: s_iterations, threads: 1, print: value => $"{s_files[value.Item1].Name}: {string.Join(", ", value.Item2.Select(mutation => mutation.Name))}");

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{decoded} decoded, {refused} refused, {other} other renderings; {Environment.WorkingSet >> 20} MB resident, {GC.GetTotalMemory(forceFullCollection: true) >> 20} MB managed");

        // Both happen often, or else this would test little.
        Assert.InRange(decoded / (double)(decoded + refused), 0.1, 0.9);
    }

    [Fact]
    public void Cut_anywhere_never_show_less_than_is_there_as_if_it_were_all()
    {
        // A still picture that lacks its last third is refused; gray or black in its place would be a hiding place.
        foreach (string name in ImageFixtures.DecodableNames.Where(name => ImageFixtures.Decodable(name).GetProperty("frames").GetInt32() == 1))
        {
            byte[] bytes = ImageFixtures.Bytes(name);

            ImageRejectedException refusal = Assert.Throws<ImageRejectedException>(() => ImageFixtures.Decode(bytes.AsMemory(0, bytes.Length * 2 / 3)));

            Assert.True(refusal.Reason is ImageRejectionReason.Truncated or ImageRejectionReason.Corrupt, $"{name}: {refusal.Message}");
        }
    }

    private static Gen<T> AnyOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static byte[] Set(byte[] bytes, (double At, byte Value)[] changes)
    {
        byte[] changed = [.. bytes];
        foreach ((double at, byte value) in changes)
        {
            if (changed.Length > 0)
            {
                changed[(int)(at * (changed.Length - 1))] = value;
            }
        }

        return changed;
    }

    private static byte[] Write(byte[] bytes, int at, int value)
    {
        byte[] changed = [.. bytes];
        if (at >= 0 && BitConverter.TryWriteBytes(changed.AsSpan(at), value))
        {
            return changed;
        }

        return bytes;
    }

    private static byte[] Remove(byte[] bytes, double at, double share)
    {
        int from = (int)(at * bytes.Length), to = Math.Min(bytes.Length, from + (int)(share * bytes.Length));
        return [.. bytes[..from], .. bytes[to..]];
    }

    private static byte[] Repeat(byte[] bytes, double at, double share)
    {
        int from = (int)(at * bytes.Length), to = Math.Min(bytes.Length, from + (int)(share * bytes.Length));
        return [.. bytes[..to], .. bytes[from..]];
    }

    private sealed record Mutation(string Name, Func<byte[], byte[]> Apply);
}
