using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SafeVision.Policies;
using SafeVision.Tests.Imaging;
using SkiaSharp;

namespace SafeVision.Tests.Hosting;

/// <summary>A web host that judges uploads goes on serving what has nothing to do with them.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class HostAlivenessTests
{
    private const int Uploads = 40;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_unrelated_request_waits_no_longer_than_beside_any_other_busy_threads()
    {
        byte[] photograph = Photograph(3000, 2000);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSafeVision(guardrail => guardrail.UsePolicy(SafetyPolicy.Starter).UseDefaultModels().WithMaxWaiting(Uploads).WithTimeout(TimeSpan.FromMinutes(5)));
        await using WebApplication app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapGet("/health", () => "ok");
        app.MapPost("/upload", async (HttpRequest request, IImageGuardrail guardrail) =>
            (await guardrail.CheckAsync(ImageSource.FromStream(request.Body, leaveOpen: true), request.HttpContext.RequestAborted)).Failure?.Message ?? "judged");
        await app.StartAsync(Token);
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()), Timeout = TimeSpan.FromMinutes(5) };
        for (int i = 0; i < 20; i++)
        {
            await client.GetStringAsync("/health", Token);
        }

        double beside = await SlowestAsync(client, BusyThreads());
        string[] answers = new string[Uploads];
        Task uploads = Task.WhenAll(Enumerable.Range(0, Uploads).Select(async i =>
        {
            using HttpResponseMessage response = await client.PostAsync("/upload", new ByteArrayContent(photograph), Token);
            answers[i] = await response.Content.ReadAsStringAsync(Token);
        }));
        double under = await SlowestAsync(client, uploads);

        Assert.All(answers, answer => Assert.Equal("judged", answer));
        Assert.True(under < (10 * beside) + 100, $"While images were judged, /health took {under:0} ms at the 95th percentile; beside as many busy threads of anybody's {beside:0} ms.");
        await app.StopAsync(Token);
    }

    /// <summary>Twice as many threads as there are cores, busy for a second.</summary>
    private static Task BusyThreads() => Task.WhenAll(Enumerable.Range(0, 2 * Environment.ProcessorCount).Select(_ => Task.Factory.StartNew(
        () =>
        {
            for (var watch = Stopwatch.StartNew(); watch.ElapsedMilliseconds < 1000;)
            {
                Thread.SpinWait(1000);
            }
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

    /// <summary>The 95th percentile in milliseconds of a request's time, asked again and again while something goes on.</summary>
    private static async Task<double> SlowestAsync(HttpClient client, Task meanwhile)
    {
        var times = new List<double>();
        while (!meanwhile.IsCompleted || times.Count < 20)
        {
            var watch = Stopwatch.StartNew();
            Assert.Equal("ok", await client.GetStringAsync("/health", Token));
            times.Add(watch.Elapsed.TotalMilliseconds);
            await Task.Delay(5, Token);
        }

        await meanwhile;
        return times.Order().ElementAt((int)(0.95 * times.Count));
    }

    /// <summary>A photograph's worth of detail, as a JPEG.</summary>
    private static byte[] Photograph(int width, int height)
    {
        using SKBitmap small = SKBitmap.Decode(Repository.PathOf("samples/images/china.jpg"));
        using SKBitmap large = small.Resize(new SKImageInfo(width, height), new SKSamplingOptions(SKCubicResampler.Mitchell));
        using SKData file = large.Encode(SKEncodedImageFormat.Jpeg, 90);
        return file.ToArray();
    }
}
