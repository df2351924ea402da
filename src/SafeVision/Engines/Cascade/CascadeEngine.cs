using SafeVision.Policies;

namespace SafeVision.Engines.Cascade;

/// <summary>
/// Engines in order of cost. A later one is asked only when some category was not covered, or not surely judged, by those
/// before it, and only its word on those categories counts.
/// </summary>
public sealed class CascadeEngine : IGuardrailEngine
{
    private readonly IReadOnlyList<IGuardrailEngine> _engines;
    private readonly CascadeEngineOptions _options;

    /// <summary>Creates a cascade; it disposes its engines.</summary>
    /// <param name="engines">At least one engine, cheapest first.</param>
    /// <param name="options">When an engine counts as unsure; null: the defaults.</param>
    public CascadeEngine(IReadOnlyList<IGuardrailEngine> engines, CascadeEngineOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(engines);
        ArgumentOutOfRangeException.ThrowIfZero(engines.Count);
        (_engines, _options) = (engines, (options ?? new()).Validate());
    }

    /// <inheritdoc />
    public string Name => "cascade";

    /// <inheritdoc />
    public async ValueTask<ICompiledPolicy> CompileAsync(SafetyPolicy policy, CancellationToken cancellationToken)
    {
        var compiled = new List<ICompiledPolicy>(_engines.Count);
        try
        {
            foreach (IGuardrailEngine engine in _engines)
            {
                compiled.Add(await engine.CompileAsync(policy, cancellationToken).ConfigureAwait(false));
            }

            return new CompiledCascade(compiled, _options);
        }
        catch
        {
            foreach (ICompiledPolicy part in compiled)
            {
                await part.DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (IGuardrailEngine engine in _engines)
        {
            await engine.DisposeAsync().ConfigureAwait(false);
        }
    }
}
