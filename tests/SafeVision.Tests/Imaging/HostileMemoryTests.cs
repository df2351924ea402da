using System.Diagnostics;

namespace SafeVision.Tests.Imaging;

/// <summary>What hostile files cost, seen from outside of the process that decodes them.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class HostileMemoryTests
{
    private const long MostBytes = 256L << 20;

    [Fact]
    public async Task All_hostile_files_one_after_the_other_fit_256_MiB()
    {
        // The whole process counts: the runtime and the test runner, some 75 MiB, are in it.
        using Process process = Process.Start(TestRun("--filter-class", typeof(HostileImagesTests).FullName!))!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        long peak = 0;
        while (!process.WaitForExit(TimeSpan.FromMilliseconds(5)))
        {
            process.Refresh();
            peak = Math.Max(peak, Peak(process));
        }

        Assert.True(process.ExitCode == 0, await output);
        Assert.InRange(peak, 1, MostBytes);
    }

    private static long Peak(Process process)
    {
        try
        {
            return process.PeakWorkingSet64;
        }
        catch (InvalidOperationException)
        {
            return 0; // It ended in between. The peak seen before stands.
        }
    }

    private static ProcessStartInfo TestRun(params string[] arguments)
    {
        string assembly = typeof(HostileMemoryTests).Assembly.Location;
        string host = Environment.ProcessPath!;
        bool isShared = Path.GetFileNameWithoutExtension(host) == "dotnet";
        return new ProcessStartInfo(host, isShared ? [assembly, .. arguments] : arguments) { RedirectStandardOutput = true };
    }
}
