using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace SafeVision.Hosting;

/// <summary>
/// Carries the pieces of a reason from the engine to whoever asked, past all decorators: they know nothing of it, so all that
/// they do holds for streams too.
/// </summary>
internal static class ReasonStream
{
    private static readonly AsyncLocal<Action<string>?> s_listener = new();

    /// <summary>Who listens to the check that is under way; null when nobody does.</summary>
    public static Action<string>? Listener => s_listener.Value;

    public static async IAsyncEnumerable<GuardrailUpdate> RunAsync(
        IImageGuardrail guardrail, ImageSource image, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A reason is bounded in tokens, and the engine must not wait for a slow reader.
        var pieces = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<GuardrailResult> check = CheckAsync(guardrail, image, pieces.Writer, stop.Token);
        try
        {
            await foreach (string piece in pieces.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return new GuardrailUpdate(piece, null);
            }

            yield return new GuardrailUpdate(null, await check.ConfigureAwait(false));
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false); // a reader that stops early ends the work
            await ((Task)check).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<GuardrailResult> CheckAsync(IImageGuardrail guardrail, ImageSource image, ChannelWriter<string> pieces, CancellationToken cancellationToken)
    {
        s_listener.Value = piece => pieces.TryWrite(piece); // seen by this flow alone, and what it starts
        try
        {
            return await guardrail.CheckAsync(image, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            pieces.TryComplete();
        }
    }
}
