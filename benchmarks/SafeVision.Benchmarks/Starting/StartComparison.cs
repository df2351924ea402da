using System.Globalization;
using SafeVision.Benchmarks.Photographs;
using SafeVision.Inference;
using SafeVision.Models;
using SafeVision.Policies;

namespace SafeVision.Benchmarks.Starting;

/// <summary>Where the time of a cold start goes, in a process that has done nothing yet.</summary>
internal static class StartComparison
{
    public static async Task RunAsync(TextWriter output)
    {
        output.WriteLine("| step, in a fresh process | ms | cpu ms |");
        output.WriteLine("|---|--:|--:|");
        var whole = Stopclock.Start();
        var clock = Stopclock.Start();
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(SafetyPolicy.Starter).UseDefaultModels());
        Report(output, "compose the guardrail", clock.Stop());

        clock = Stopclock.Start();
        await guardrail.WarmUpAsync().ConfigureAwait(false);
        Report(output, "load the models and compile the policy (WarmUpAsync)", clock.Stop());
        Lap made = whole.Stop();

        Photograph photograph = PhotographSet.Make("china.jpg", 1200, 800);
        clock = Stopclock.Start();
        _ = await guardrail.CheckAsync(ImageSource.FromBytes(photograph.Bytes)).ConfigureAwait(false);
        Lap first = clock.Stop();
        Report(output, "first image", first);
        Report(output, "start to the first answer", made + first);

        clock = Stopclock.Start();
        _ = await guardrail.CheckAsync(ImageSource.FromBytes(photograph.Bytes)).ConfigureAwait(false);
        Report(output, "second image", clock.Stop());

        clock = Stopclock.Start();
        await guardrail.UpdatePolicyAsync(SafetyPolicy.Starter).ConfigureAwait(false);
        Report(output, "compile a policy again (UpdatePolicyAsync)", clock.Stop());
        await PartsAsync(output).ConfigureAwait(false);
    }

    /// <summary>The parts of a warm-up, one after the other, with code that is compiled by now.</summary>
    private static async Task PartsAsync(TextWriter output)
    {
        using var sessions = new SessionCache();
        ExecutionOptions execution = new ExecutionOptions().Validate();
        foreach (ModelPackage package in DefaultModels.All)
        {
            var clock = Stopclock.Start();
            package.Verify();
            Report(output, $"once more, {package.Manifest.Id}: read and hash", clock.Stop());
            clock = Stopclock.Start();
            using ModelSession session = await sessions.GetAsync(package.Image(null), execution).ConfigureAwait(false);
            Report(output, $"once more, {package.Manifest.Id}: read, hash and load", clock.Stop());
        }
    }

    private static void Report(TextWriter output, string step, Lap lap) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {step} | {lap.Wall:0} | {lap.Processor:0} |"));
}
