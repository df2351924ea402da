using System.Diagnostics;

namespace SafeVision.Tests.Fakes;

/// <summary>Waits for what happens on another thread, at most ten seconds.</summary>
internal static class Eventually
{
    public static async Task True(Func<bool> condition, Action? meanwhile = null)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), "It did not happen within ten seconds.");
            meanwhile?.Invoke();
            await Task.Delay(5);
        }
    }
}
