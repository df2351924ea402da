using System.Runtime.CompilerServices;
using System.Threading.Channels;
using CsCheck;
using SafeVision.Hosting;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Hosting;

/// <summary><see cref="IImageGuardrail.CheckManyAsync"/> and the window it runs in.</summary>
public sealed class OrderedWindowTests
{
    private static readonly SafetyPolicy s_policy = SafetyPolicy.Define("test", "1").Category("alpha", category => category.Includes("alpha things")).Build();

    [Fact]
    public void Results_come_in_the_items_order_and_no_more_run_than_the_window_holds() =>
        Gen.Select(Gen.Int[0, 3].Array[0, 30], Gen.Int[1, 5]).SampleAsync(async (delays, window) =>
        {
            (int running, int most) = (0, 0);
            var results = new List<int>();
            await foreach (int result in OrderedWindow.SelectAsync(delays.Index().ToAsyncEnumerable(), async (item, token) =>
            {
                most = Math.Max(most, Interlocked.Increment(ref running));
                await Task.Delay(item.Item, token);
                Interlocked.Decrement(ref running);
                return item.Index;
            }, window, CancellationToken.None))
            {
                results.Add(result);
            }

            return results.SequenceEqual(Enumerable.Range(0, delays.Length)) && most <= window;
        }, iter: 50, threads: 1);

    [Fact]
    public async Task A_result_does_not_wait_for_the_next_item()
    {
        var items = Channel.CreateUnbounded<int>();
        IAsyncEnumerable<int> results = OrderedWindow.SelectAsync(items.Reader.ReadAllAsync(), (item, _) => Task.FromResult(item), 8, CancellationToken.None);
        await using IAsyncEnumerator<int> enumerator = results.GetAsyncEnumerator();
        for (int i = 0; i < 3; i++)
        {
            await items.Writer.WriteAsync(i); // written only after the result before it has come
            Assert.True(await enumerator.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10)));
            Assert.Equal(i, enumerator.Current);
        }

        items.Writer.Complete();
        Assert.False(await enumerator.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task A_consumer_that_stops_ends_what_runs_and_disposes_the_source()
    {
        var source = new TaskCompletionSource();
        var started = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        await foreach (int result in OrderedWindow.SelectAsync(Endless(source), async (item, token) =>
        {
            if (item == 0)
            {
                await started.Task; // so that something runs when the consumer stops
            }
            else
            {
                started.TrySetResult();
                await Task.Delay(Timeout.Infinite, token).ContinueWith(_ => cancelled.TrySetResult(), TaskScheduler.Default);
                token.ThrowIfCancellationRequested();
            }

            return item;
        }, 4, CancellationToken.None))
        {
            Assert.Equal(0, result);
            break;
        }

        Assert.True(cancelled.Task.IsCompleted);
        await source.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_consumer_that_stops_does_not_wait_for_a_source_that_ignores_its_cancellation()
    {
        var never = Channel.CreateUnbounded<int>();
        await never.Writer.WriteAsync(1);
        Task consumer = Task.Run(async () =>
        {
            await foreach (int _ in OrderedWindow.SelectAsync(Deaf(never.Reader), (item, _) => Task.FromResult(item), 4, CancellationToken.None))
            {
                break;
            }
        });

        await consumer.WaitAsync(TimeSpan.FromSeconds(10));

        static async IAsyncEnumerable<int> Deaf(ChannelReader<int> reader)
        {
            await foreach (int item in reader.ReadAllAsync(CancellationToken.None))
            {
                yield return item;
            }
        }
    }

    [Fact]
    public async Task One_bad_image_does_not_stop_the_rest()
    {
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(s_policy).UseEngine(_ => ScriptedEngine.Scoring(_ => 0)));
        ImageSource[] images = [.. Enumerable.Range(0, 40).Select(i => i % 3 == 1 ? Pictures.Broken() : Pictures.Gray())];

        List<GuardrailResult> results = await guardrail.CheckManyAsync(images.ToAsyncEnumerable()).ToListAsync();

        Assert.Equal(images.Index().Select(image => image.Index % 3 == 1), results.Select(result => result.Failure is not null));
        Assert.Equal(images.Index().Select(image => image.Index % 3 == 1 ? Decision.Block : Decision.Allow), results.Select(result => result.Decision));
    }

    [Fact]
    public async Task Cancelling_stops_an_endless_stream()
    {
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(s_policy).UseEngine(_ => ScriptedEngine.Scoring(_ => 0)));
        using var cancellation = new CancellationTokenSource();
        int results = 0;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GuardrailResult _ in guardrail.CheckManyAsync(Endless(null).Select(_ => Pictures.Gray()), cancellation.Token))
            {
                if (++results == 20)
                {
                    await cancellation.CancelAsync();
                }
            }
        });

        Assert.InRange(results, 20, 20 + (2 * Environment.ProcessorCount));
    }

    [Fact]
    public async Task A_source_that_fails_is_reported_after_the_results_before_it_or_at_once()
    {
        InvalidOperationException thrown = await Assert.ThrowsAsync<InvalidOperationException>(async () =>
            await OrderedWindow.SelectAsync(Failing(), (item, _) => Task.FromResult(item), 4, CancellationToken.None).ToListAsync());
        Assert.Equal("the source broke", thrown.Message);

        static async IAsyncEnumerable<int> Failing()
        {
            await Task.Yield();
            yield return 1;
            throw new InvalidOperationException("the source broke");
        }
    }

    private static async IAsyncEnumerable<int> Endless(TaskCompletionSource? ended, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        try
        {
            for (int i = 0; ; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await Task.Yield();
                yield return i;
            }
        }
        finally
        {
            ended?.SetResult();
        }
    }
}
