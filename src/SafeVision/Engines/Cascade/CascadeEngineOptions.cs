namespace SafeVision.Engines.Cascade;

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
