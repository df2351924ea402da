namespace SafeVision.VisionLanguage.Templates;

/// <summary>Sentinels for what strangers wrote. Before a template is rendered, each UTF-16 unit of an untrusted text is
/// exchanged for a unit that stands nowhere in the template or in trusted texts, and afterwards each sentinel for the
/// unit that it stood for. So texts are plain strings while they are rendered, every unit tells by itself who wrote it,
/// and lengths stay. Texts that hold such units themselves are no exception: a stranger's are exchanged like any other,
/// and those of the template are not used.</summary>
internal sealed class TextMarks
{
    // First the private-use area; then letters without case that no prompt but those of East Asia holds.
    private static readonly (char First, char Last)[] s_ranges = [('\uE000', '\uF8FF'), ('\uAC00', '\uD7A3'), ('\u4E00', '\u9FFF'), ('\u3400', '\u4DBF')];

    private readonly Dictionary<char, char> _sentinels = [];
    private readonly Dictionary<char, char> _plain = [];
    private readonly IReadOnlySet<char> _template;
    private readonly HashSet<char> _trusted = [];
    private int _range;
    private int _next = s_ranges[0].First;

    /// <param name="variables">What it is rendered with; its names and trusted texts are no strangers' either.</param>
    public TextMarks(IReadOnlySet<char> template, TemplateMap variables)
    {
        _template = template;
        Reserve(variables);
    }

    /// <summary>The variables of a template with sentinels for what is untrusted in their texts.</summary>
    public object? Mark(object? value) => value switch
    {
        PromptText text => Mark(text),
        IReadOnlyList<object?> list => list.Select(Mark).ToList(),
        TemplateMap map => new TemplateMap().SetAll(map.Select(entry => KeyValuePair.Create(entry.Key, Mark(entry.Value)))),
        _ => value,
    };

    /// <summary>A text of which a stranger decided every unit.</summary>
    public string Mark(string text) => string.Create(text.Length, (this, text), static (units, state) =>
    {
        for (int i = 0; i < units.Length; i++)
        {
            units[i] = state.Item1.Mark(state.text[i]);
        }
    });

    /// <summary>The sentinel of a unit; a sentinel is its own.</summary>
    public char Mark(char unit)
    {
        if (_plain.ContainsKey(unit))
        {
            return unit;
        }

        if (!_sentinels.TryGetValue(unit, out char sentinel))
        {
            sentinel = Next();
            _sentinels.Add(unit, sentinel);
            _plain.Add(sentinel, unit);
        }

        return sentinel;
    }

    /// <summary>The unit that a sentinel stands for; any other is itself.</summary>
    public char Plain(char unit) => _plain.GetValueOrDefault(unit, unit);

    /// <summary>A text as it will be read, unit for unit.</summary>
    public string Plain(string text) => !IsMarked(text) ? text : string.Create(text.Length, (this, text), static (units, state) =>
    {
        for (int i = 0; i < units.Length; i++)
        {
            units[i] = state.Item1.Plain(state.text[i]);
        }
    });

    /// <summary>Whether a stranger wrote any of it.</summary>
    public bool IsMarked(ReadOnlySpan<char> text)
    {
        foreach (char unit in _plain.Count > 0 ? text : [])
        {
            if (unit >= '\u3400' && _plain.ContainsKey(unit))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The text that was rendered, with the ranges that strangers wrote.</summary>
    public PromptText Read(string text)
    {
        var ranges = new List<PromptText.Range>();
        for (int at = 0; at < text.Length; at++)
        {
            int start = at;
            while (at < text.Length && _plain.ContainsKey(text[at]))
            {
                at++;
            }

            if (at > start)
            {
                ranges.Add(new PromptText.Range(start, at - start));
            }
        }

        return new PromptText(Plain(text), ranges);
    }

    private string Mark(PromptText text)
    {
        var marked = new StringBuilder(text.Text);
        foreach (PromptText.Range range in text.UntrustedRanges)
        {
            for (int i = range.Start; i < range.End; i++)
            {
                marked[i] = Mark(text.Text[i]);
            }
        }

        return marked.ToString();
    }

    private void Reserve(object? value)
    {
        switch (value)
        {
            case PromptText text:
                _trusted.UnionWith(text.Text); // a stranger's too, which costs nothing
                break;
            case IReadOnlyList<object?> list:
                foreach (object? item in list)
                {
                    Reserve(item);
                }

                break;
            case TemplateMap map:
                foreach ((string name, object? item) in map)
                {
                    _trusted.UnionWith(name);
                    Reserve(item);
                }

                break;
        }
    }

    private char Next()
    {
        while (true)
        {
            if (_next > s_ranges[_range].Last)
            {
                _next = ++_range < s_ranges.Length ? s_ranges[_range].First : throw new ModelLoadException("the policy holds more different characters than a prompt can tell apart. Shorten it.");
            }

            char unit = (char)_next++;
            if (!_template.Contains(unit) && !_trusted.Contains(unit))
            {
                return unit;
            }
        }
    }
}
