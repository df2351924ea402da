namespace SafeVision.Policies;

/// <summary>A position in a policy's text, both parts from 1; the default means "no text".</summary>
internal readonly record struct Place(int Line, int Column);

/// <summary>A value and where it was written.</summary>
internal readonly record struct Placed<T>(T Value, Place Place);

/// <summary>Collects what is wrong with one policy.</summary>
internal sealed class PolicyErrors(string source)
{
    // A hostile megabyte can hold a hundred thousand mistakes; nobody reads past the first screens.
    private const int Most = 100;

    private readonly List<PolicyError> _errors = [];

    public int Count { get; private set; }

    public bool Any => Count > 0;

    public void Add(Place place, string message) => Add(place, () => message);

    /// <summary>Adds an error whose message takes a search to write; it is written only if someone will read it.</summary>
    public void Add(Place place, Func<string> message)
    {
        Count++;
        if (_errors.Count < Most)
        {
            _errors.Add(new PolicyError(source, place.Line, place.Column, message()));
        }
    }

    public void ThrowIfAny()
    {
        if (Any)
        {
            throw new PolicyException([.. _errors.OrderBy(error => error.Line).ThenBy(error => error.Column)]);
        }
    }
}
