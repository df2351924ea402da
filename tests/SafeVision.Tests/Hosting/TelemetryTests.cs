using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Hosting;

/// <summary>What is measured, under the names that are documented, and that nothing of an image is in it.</summary>
public sealed class TelemetryTests : IDisposable
{
    private readonly string _name = $"telemetry-{Guid.NewGuid():N}";
    private readonly MeterListener _meter = new();
    private readonly ActivityListener _activity;
    private readonly ConcurrentQueue<(string Instrument, double Value, KeyValuePair<string, object?>[] Tags)> _measured = [];
    private readonly ConcurrentQueue<Activity> _activities = [];

    public TelemetryTests()
    {
        _meter.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "SafeVision")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meter.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        _meter.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        _meter.Start();
        _activity = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "SafeVision",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _activities.Enqueue,
        };
        ActivitySource.AddActivityListener(_activity);
    }

    [Fact]
    public async Task Durations_decisions_and_failures_are_measured_under_their_documented_names()
    {
        await using ServiceProvider services = Services();
        IImageGuardrail guardrail = services.GetRequiredKeyedService<IImageGuardrail>(_name);
        await guardrail.CheckAsync(Pictures.Gray());
        await guardrail.CheckAsync(ImageSource.FromBytes("secret content"u8.ToArray(), "secret-name.png"));

        Assert.Equal(
            ["assess", "assess", "decide", "decide", "decode", "decode", "queue", "queue", "total", "total"],
            Mine("safevision.check.duration").Select(entry => (string)Tag(entry.Tags, "stage")!).Order());
        Assert.Equal([("alpha", "block"), ("beta", "allow")], Mine("safevision.decisions").Select(entry => ((string)Tag(entry.Tags, "category")!, (string)Tag(entry.Tags, "decision")!)));
        Assert.Equal("Unsupported", Tag(Assert.Single(Mine("safevision.failures")).Tags, "reason"));
        Activity[] mine = [.. _activities.Where(activity => Equals(activity.GetTagItem("safevision.guardrail"), _name))];
        Assert.Equal(["block", "block"], mine.Select(activity => activity.GetTagItem("safevision.decision")));
        Assert.Equal([null, "Unsupported"], mine.Select(activity => activity.GetTagItem("safevision.failure")));
        Assert.All(mine, activity => Assert.Equal("SafeVision.Check", activity.OperationName));
        string everything = string.Join(' ', _measured.SelectMany(entry => entry.Tags).Concat(mine.SelectMany(activity => activity.TagObjects)).Select(tag => $"{tag.Key}={tag.Value}"));
        Assert.DoesNotContain("secret", everything, StringComparison.Ordinal);
        Assert.DoesNotContain("Scripted", everything, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_check_that_throws_marks_its_activity()
    {
        await using ServiceProvider services = Services();
        IImageGuardrail guardrail = services.GetRequiredKeyedService<IImageGuardrail>(_name);
        using Activity parent = new Activity(_name).Start();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => guardrail.CheckAsync(Pictures.Gray(), new CancellationToken(canceled: true)));

        Activity activity = Assert.Single(_activities, activity => activity.ParentId == parent.Id);
        Assert.Equal((ActivityStatusCode.Error, "TaskCanceledException"), (activity.Status, activity.StatusDescription));
    }

    private ServiceProvider Services() => new ServiceCollection()
        .AddSafeVision(_name, builder => builder
            .UsePolicy(SafetyPolicy.Define("test", "1").Category("alpha", category => category.Includes("a")).Category("beta", category => category.Includes("b")).Build())
            .UseEngine(_ => ScriptedEngine.Scoring(category => category.Id == "alpha" ? 1 : 0)))
        .BuildServiceProvider();

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) => _measured.Enqueue((instrument.Name, value, tags.ToArray()));

    private IEnumerable<(string Instrument, double Value, KeyValuePair<string, object?>[] Tags)> Mine(string instrument) =>
        _measured.Where(entry => entry.Instrument == instrument && Equals(Tag(entry.Tags, "guardrail"), _name));

    private static object? Tag(KeyValuePair<string, object?>[] tags, string key) => tags.FirstOrDefault(tag => tag.Key == key).Value;

    public void Dispose()
    {
        _meter.Dispose();
        _activity.Dispose();
    }
}
