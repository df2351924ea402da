namespace SafeVision.Imaging;

/// <summary>The bytes of an encoded image, usually in a pooled buffer that <see cref="Dispose"/> gives back.</summary>
/// <param name="memory">The bytes.</param>
/// <param name="owner">What to dispose with them; null where the caller of SafeVision owns the bytes.</param>
public readonly struct ImageBytes(ReadOnlyMemory<byte> memory, IDisposable? owner = null) : IDisposable, IEquatable<ImageBytes>
{
    private readonly IDisposable? _owner = owner;

    /// <summary>The bytes; not to be touched after <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> Memory { get; } = memory;

    /// <summary>Gives the buffer back. More than once does no harm.</summary>
    public void Dispose() => _owner?.Dispose();

    /// <summary>Whether both are the same bytes in the same place.</summary>
    public bool Equals(ImageBytes other) => Memory.Equals(other.Memory) && ReferenceEquals(_owner, other._owner);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ImageBytes other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Memory.GetHashCode();

    /// <summary>Whether both are the same bytes in the same place.</summary>
    public static bool operator ==(ImageBytes left, ImageBytes right) => left.Equals(right);

    /// <summary>Whether they are not the same bytes in the same place.</summary>
    public static bool operator !=(ImageBytes left, ImageBytes right) => !left.Equals(right);
}
