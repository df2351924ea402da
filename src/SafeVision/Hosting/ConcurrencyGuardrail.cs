namespace SafeVision.Hosting;

/// <summary>
/// Lets at most so many images be judged at once; the others wait in order. It bounds the memory that decoded pictures take,
/// however many uploads arrive together.
/// </summary>
internal sealed class ConcurrencyGuardrail(IImageGuardrail inner, int limit) : DelegatingGuardrail(inner)
{
    private readonly SemaphoreSlim _slots = new(limit, limit);

    public override async Task<GuardrailResult> CheckAsync(ImageSource image, CancellationToken cancellationToken = default)
    {
        await _slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Inner.CheckAsync(image, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _slots.Release();
        }
    }
}
