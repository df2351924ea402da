namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>Finds the longest of many texts that stands at a place. Thread-safe once built.</summary>
internal sealed class ContentTrie
{
    /// <summary>The longest content in UTF-16 units; it bounds the work at each place of a text.</summary>
    public const int LongestContent = 256;

    private readonly Dictionary<(int Node, char Unit), int> _edges = [];
    private readonly List<int> _values = [-1];

    public bool IsEmpty => _values.Count == 1;

    /// <summary>Adds a content with its value, 0 or more; a later one of the same content replaces an earlier one.</summary>
    public void Add(ReadOnlySpan<char> content, int value)
    {
        int node = 0;
        foreach (char unit in content)
        {
            if (!_edges.TryGetValue((node, unit), out int next))
            {
                next = _values.Count;
                _values.Add(-1);
                _edges.Add((node, unit), next);
            }

            node = next;
        }

        _values[node] = value;
    }

    /// <summary>The longest content that stands at a place of the text, or null.</summary>
    /// <param name="text">The text.</param>
    /// <param name="start">The place.</param>
    /// <param name="mayUse">Null to take any content; otherwise whether a value may be taken if a stranger wrote part of the text of it.</param>
    public (int Value, int Length)? Longest(MarkedText text, int start, Func<int, bool>? mayUse = null)
    {
        (int Value, int Length)? longest = null;
        ReadOnlySpan<char> units = text.Span;
        bool untrusted = false;
        for (int node = 0, end = start; end < units.Length && _edges.TryGetValue((node, units[end]), out node); end++)
        {
            untrusted |= text.IsUntrustedAt(end);
            if (_values[node] >= 0 && (!untrusted || mayUse is null || mayUse(_values[node])))
            {
                longest = (_values[node], end - start + 1);
            }
        }

        return longest;
    }
}
