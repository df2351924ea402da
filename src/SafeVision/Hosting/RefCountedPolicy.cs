using SafeVision.Engines;
using SafeVision.Imaging;
using SafeVision.Policies;

namespace SafeVision.Hosting;

/// <summary>A compiled policy and the number of its users; being in force counts as one.</summary>
internal sealed class RefCountedPolicy(SafetyPolicy policy, ICompiledPolicy compiled)
{
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ImageDecodeOptions? _decodeOptions;
    private int _users = 1;

    /// <summary>Completes when the last user has gone and the compiled policy is disposed.</summary>
    public Task Drained => _drained.Task;

    public SafetyPolicy Policy { get; } = policy;

    public ICompiledPolicy Compiled { get; } = compiled;

    /// <summary>The options, asking for no more resolution than the engine looks at.</summary>
    public ImageDecodeOptions DecodeOptions(ImageDecodeOptions options) => _decodeOptions ??= options.ForShortSide(Compiled.ShortSide);

    public void AddUser() => Interlocked.Increment(ref _users);

    public void RemoveUser()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            _ = DrainAsync();
        }
    }

    private async Task DrainAsync()
    {
        try
        {
            await Compiled.DisposeAsync().ConfigureAwait(false);
            _drained.SetResult();
        }
        catch (Exception exception)
        {
            _drained.SetException(exception);
        }
    }
}
