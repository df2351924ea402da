using System.Threading.Channels;

namespace SafeVision.Hosting;

/// <summary>Turns the pieces of a reason that an engine reports while it writes into a stream that ends with the result.</summary>
internal static class ReasonStream
{
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
        try
        {
            var options = new AssessOptions { OnReason = piece => pieces.TryWrite(piece) };
            return await guardrail.CheckAsync(image, options, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            pieces.TryComplete();
        }
    }
}
