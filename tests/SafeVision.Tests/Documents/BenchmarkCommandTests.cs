using System.Diagnostics;

namespace SafeVision.Tests.Documents;

/// <summary>The comparisons that documents name run, each in its smallest form; what they measure is for a quiet machine.</summary>
public sealed class BenchmarkCommandTests
{
    [Theory]
    [InlineData("start", "1", "Ours over ONNX Runtime alone")]
    [InlineData("memory", "2", "The second guardrail added")]
    [InlineData("host", "2 1", "while uploads are judged")]
    [InlineData("soak", "20", "Working set after the first tenth")]
    public async Task A_comparison_runs_to_its_last_line(string command, string arguments, string says)
    {
        string configuration = Path.GetFileName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory))!);
        string program = Repository.PathOf($"benchmarks/SafeVision.Benchmarks/bin/{configuration}/net10.0/SafeVision.Benchmarks.dll");
        using Process process = Process.Start(new ProcessStartInfo("dotnet", [program, command, .. arguments.Split(' ')]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(3), TestContext.Current.CancellationToken);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }

        Assert.True(process.ExitCode == 0, await error);
        Assert.Contains(says, await output, StringComparison.Ordinal);
    }
}
