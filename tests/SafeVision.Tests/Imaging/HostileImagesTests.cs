using System.Text.Json;
using SafeVision.Imaging;

namespace SafeVision.Tests.Imaging;

/// <summary>Broken, lying, huge and foreign files: each has one right answer, soon and within bounds.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class HostileImagesTests
{
    public static TheoryData<string> Names => [.. ImageFixtures.HostileNames];

    [Theory]
    [MemberData(nameof(Names))]
    public void Are_refused_for_the_right_reason_or_decode_to_the_truth(string name)
    {
        JsonElement entry = ImageFixtures.Hostile(name);
        string[] accepted = [.. entry.GetProperty("accept").EnumerateArray().Select(answer => answer.GetString()!)];
        byte[] bytes = ImageFixtures.Bytes(name);
        TimeSpan before = Environment.CpuUsage.TotalTime;

        (string outcome, string message) = Outcome(name, bytes);

        // The processor's time, since a wall clock would measure what else the machine does.
        Assert.InRange(Environment.CpuUsage.TotalTime - before, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.True(accepted.Contains(outcome), $"{outcome}: {message}");
        Assert.True(outcome == "ok" || message.Length > 20, message);
    }

    private static (string Outcome, string Message) Outcome(string name, byte[] bytes)
    {
        try
        {
            using DecodedImage image = ImageFixtures.Decode(bytes);
            if (IsDamagedTruth(name))
            {
                Assert.Equal(0, ImageFixtures.LargestDifference(image.Frames[0], "hostile/truth_64x48.png"));
            }

            return ("ok", "");
        }
        catch (ImageRejectedException refusal)
        {
            return (refusal.Reason.ToString(), refusal.Message);
        }
    }

    // The PNGs that hold the whole picture and some damage around it.
    private static bool IsDamagedTruth(string name) => name is "hostile/missing_iend.png" or "hostile/bad_idat_crc.png" or "hostile/bad_text_crc.png"
        or "hostile/bad_zlib.png" or "hostile/chunk_length_huge.png" or "hostile/bomb_ztxt.png" or "hostile/bomb_iccp.png"
        or "hostile/polyglot_html_tail.png" or "hostile/png_named.jpg" or "hostile/truncated_half.png";
}
