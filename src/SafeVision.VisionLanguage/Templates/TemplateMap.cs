namespace SafeVision.VisionLanguage.Templates;

/// <summary>Values by name, in the order in which they were added.</summary>
internal sealed class TemplateMap
{
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly List<KeyValuePair<string, object?>> _entries = [];

    public IReadOnlyList<KeyValuePair<string, object?>> Entries => _entries;

    public object? this[string name]
    {
        set
        {
            if (_places.TryAdd(name, _entries.Count))
            {
                _entries.Add(new(name, value));
            }
            else
            {
                _entries[_places[name]] = new(name, value);
            }
        }
    }

    public bool TryGet(string name, out object? value)
    {
        value = _places.TryGetValue(name, out int place) ? _entries[place].Value : null;
        return _places.ContainsKey(name);
    }
}
