namespace SafeVision.VisionLanguage.Templates;

/// <summary>One rendering: its variables, what was written so far, and a budget, so that no template can hang or grow without end.</summary>
internal sealed class TemplateRun(TemplateSource source, TemplateScope scope, TextMarks marks, bool isStrict = false)
{
    private const long MostSteps = 2_000_000;
    private const long MostCharacters = 16L << 20;
    private const int LongestOutput = 4 << 20;
    private const int DeepestCall = 16;

    private long _steps;
    private long _characters;
    private int _calls;

    public int Line { get; set; } = 1;

    /// <summary>The variables as they are seen at this place.</summary>
    public TemplateScope Scope { get; set; } = scope;

    /// <summary>Whether writing or looping over something that isn't defined is an error, as a slip of the pen should be.</summary>
    public bool IsStrict => isStrict;

    /// <summary>Tells the characters that a stranger wrote.</summary>
    public TextMarks Marks => marks;

    public StringBuilder Output { get; private set; } = new();

    public ModelLoadException Wrong(string message) => source.Wrong(Line, message);

    /// <summary>Takes steps from the budget.</summary>
    public void Spend(long steps)
    {
        _steps += steps;
        if (_steps > MostSteps)
        {
            throw Wrong($"the template takes more than {MostSteps} steps");
        }
    }

    /// <summary>Takes what looking for one text in another costs at worst from the budget.</summary>
    public void SpendSearch(int length, int soughtLength) => Spend((1 + (length / 16L)) * (1 + (soughtLength / 64L)));

    /// <summary>Takes characters from the budget before they are made.</summary>
    public void SpendCharacters(long characters)
    {
        _characters += characters;
        if (characters > MostCharacters || _characters > MostCharacters)
        {
            throw Wrong($"the template makes texts of more than {MostCharacters} characters");
        }
    }

    /// <summary>Takes what handling a text costs from the budget.</summary>
    /// <returns>The same text.</returns>
    public string Spend(string text)
    {
        Spend(1);
        SpendCharacters(text.Length);
        return text;
    }

    public void Write(string text)
    {
        Spend(text);
        if (Output.Length + text.Length > LongestOutput)
        {
            throw Wrong($"the template writes more than {LongestOutput} characters");
        }

        Output.Append(text);
    }

    public string Capture(TemplateStatement body)
    {
        StringBuilder outer = Output;
        Output = new StringBuilder();
        try
        {
            body(this);
            return Output.ToString();
        }
        finally
        {
            Output = outer;
        }
    }

    public string Call(TemplateScope scope, TemplateStatement body)
    {
        if (_calls == DeepestCall || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Wrong($"macros call each other more than {DeepestCall} deep");
        }

        (TemplateScope outer, int line) = (Scope, Line);
        _calls++;
        Scope = scope;
        try
        {
            return Capture(body);
        }
        finally
        {
            _calls--;
            (Scope, Line) = (outer, line);
        }
    }
}

/// <summary>The variables of a loop's body, a macro or the whole template; what is set inside isn't seen outside.</summary>
internal sealed class TemplateScope(TemplateScope? outer)
{
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);

    public void Set(string name, object? value) => _values[name] = value;

    public bool TryGet(string name, out object? value)
    {
        for (TemplateScope? scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._values.TryGetValue(name, out value))
            {
                return true;
            }
        }

        value = null;
        return false;
    }

    private TemplateScope? Outer => outer;
}

/// <summary>What comes after a statement.</summary>
internal enum TemplateFlow { Next, Break, Continue }

/// <summary>What <c>loop</c> is inside a loop.</summary>
internal sealed record TemplateLoop(IReadOnlyList<object?> Items, int Index)
{
    /// <summary>One of its properties; an undefined value where there is none of that name.</summary>
    public object? Get(string name) => name switch
    {
        "index" => Index + 1L,
        "index0" => (long)Index,
        "revindex" => (long)(Items.Count - Index),
        "revindex0" => Items.Count - Index - 1L,
        "first" => Index == 0,
        "last" => Index == Items.Count - 1,
        "depth" => 1L, // loops are never recursive
        "depth0" => 0L,
        "length" => (long)Items.Count,
        "previtem" when Index > 0 => Items[Index - 1],
        "nextitem" when Index + 1 < Items.Count => Items[Index + 1],
        _ => new TemplateUndefined($"loop.{name}"),
    };
}

/// <summary>A loop over the items that meet its condition.</summary>
internal sealed class TemplateForLoop(
    List<string> names, TemplateExpression items, TemplateExpression? condition, TemplateStatement body, TemplateStatement? otherwise)
{
    public TemplateFlow Render(TemplateRun run)
    {
        TemplateScope outer = run.Scope;
        int line = run.Line;
        IReadOnlyList<object?> all = Chosen(run, TemplateValues.Items(run, items(run)));
        for (int i = 0; i < all.Count; i++)
        {
            run.Spend(1);
            run.Line = line;
            run.Scope = new TemplateScope(outer);
            TemplateValues.Bind(run, run.Scope, names, all[i]);
            run.Scope.Set("loop", new TemplateLoop(all, i));
            TemplateFlow flow = body(run);
            run.Scope = outer;
            if (flow == TemplateFlow.Break)
            {
                break;
            }
        }

        return all.Count == 0 && otherwise is not null ? otherwise(run) : TemplateFlow.Next;
    }

    private IReadOnlyList<object?> Chosen(TemplateRun run, IReadOnlyList<object?> all)
    {
        if (condition is null)
        {
            return all;
        }

        TemplateScope outer = run.Scope;
        var chosen = new List<object?>();
        foreach (object? item in all)
        {
            run.Spend(1);
            run.Scope = new TemplateScope(outer);
            TemplateValues.Bind(run, run.Scope, names, item);
            if (TemplateValues.IsTrue(condition(run)))
            {
                chosen.Add(item);
            }
        }

        run.Scope = outer;
        return chosen;
    }
}
