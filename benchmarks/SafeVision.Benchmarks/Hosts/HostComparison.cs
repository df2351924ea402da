using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SafeVision.Benchmarks.Photographs;
using SafeVision.Policies;

namespace SafeVision.Benchmarks.Hosts;

/// <summary>A web host that judges large uploads: how long an unrelated request takes meanwhile.</summary>
internal static class HostComparison
{
    private const double Goal = 20;

    public static async Task RunAsync(int uploads, double megapixels, TextWriter output)
    {
        int side = (int)Math.Sqrt(megapixels * 1e6);
        byte[] photograph = PhotographSet.Make("china.jpg", side, side).Bytes;
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSafeVision(guardrail => guardrail.UsePolicy(SafetyPolicy.Starter).UseDefaultModels());
        WebApplication app = builder.Build();
        await using (app.ConfigureAwait(false))
        {
            app.Urls.Add("http://127.0.0.1:0");
            app.MapGet("/health", () => "ok");
            app.MapPost("/upload", async (HttpRequest request, IImageGuardrail guardrail) =>
                (await guardrail.CheckAsync(ImageSource.FromStream(request.Body, leaveOpen: true), request.HttpContext.RequestAborted).ConfigureAwait(false)).Failure?.Reason.ToString() ?? "Judged");
            await app.StartAsync().ConfigureAwait(false);
            using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()), Timeout = TimeSpan.FromMinutes(10) };
            await TimesAsync(client, Task.Delay(500)).ConfigureAwait(false);
            List<double> idle = await TimesAsync(client, Task.Delay(1000)).ConfigureAwait(false);

            long start = Stopwatch.GetTimestamp();
            Task<string>[] posts = [.. Enumerable.Range(0, uploads).Select(_ => UploadAsync(client, photograph))];
            List<double> busy = await TimesAsync(client, Task.WhenAll(posts)).ConfigureAwait(false);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            string[] answers = await Task.WhenAll(posts).ConfigureAwait(false);

            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{uploads} uploads of {side * side / 1e6:0.#} megapixels ({photograph.Length / 1e6:0.0} MB) at once, {Environment.ProcessorCount} cores, in {seconds:0.0} s: {string.Join(", ", answers.GroupBy(answer => answer).Select(group => $"{group.Count()} {group.Key}"))}."));
            output.WriteLine();
            output.WriteLine("| /health, ms | requests | median | 99 % | the slowest | goal for 99 % |");
            output.WriteLine("|---|--:|--:|--:|--:|--:|");
            output.WriteLine(Row("nothing else goes on", idle, ""));
            output.WriteLine(Row("while uploads are judged", busy, $"{Goal}"));
            await app.StopAsync().ConfigureAwait(false);
        }
    }

    private static async Task<string> UploadAsync(HttpClient client, byte[] photograph)
    {
        using var content = new ByteArrayContent(photograph);
        using HttpResponseMessage response = await client.PostAsync("/upload", content).ConfigureAwait(false);
        return await response.Content.ReadAsStringAsync().ConfigureAwait(false);
    }

    private static async Task<List<double>> TimesAsync(HttpClient client, Task meanwhile)
    {
        var times = new List<double>();
        do
        {
            long start = Stopwatch.GetTimestamp();
            await client.GetStringAsync("/health").ConfigureAwait(false);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            await Task.Delay(5).ConfigureAwait(false);
        }
        while (!meanwhile.IsCompleted);
        times.Sort();
        return times;
    }

    private static string Row(string when, List<double> times, string goal) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {when} | {times.Count} | {times[times.Count / 2]:0.0} | {times[(int)(0.99 * (times.Count - 1))]:0.0} | {times[^1]:0.0} | {goal} |");
}
