namespace SafeVision.Engines.Cascade;

/// <summary>Engines in order of cost. A later one is asked only when some category was not covered, or not surely judged, by those
/// before it, and only its word on those categories counts.</summary>
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

/// <summary>When the next engine of a cascade is asked.</summary>
public sealed class CascadeEngineOptions
{
    /// <summary>A score from here on, up to <see cref="UnsureTo"/>, is unsure, 0 to 1. Default: 0.2.</summary>
    public double UnsureFrom { get; set; } = 0.2;

    /// <summary>A score above this is sure again, 0 to 1, not below <see cref="UnsureFrom"/>. Default: 0.8.</summary>
    public double UnsureTo { get; set; } = 0.8;

    internal CascadeEngineOptions Validate() => UnsureFrom is >= 0 and <= 1 && UnsureTo is >= 0 and <= 1 && UnsureFrom <= UnsureTo
        ? new CascadeEngineOptions { UnsureFrom = UnsureFrom, UnsureTo = UnsureTo }
        : throw new ArgumentException($"UnsureFrom and UnsureTo must be 0 to 1 and in order, but are {UnsureFrom} and {UnsureTo}.");
}
