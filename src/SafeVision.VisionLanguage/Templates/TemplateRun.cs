using System.Runtime.CompilerServices;
using SafeVision.Inference;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Templates;

/// <summary>One rendering: its variables, what was written so far, and a budget, so that no template can hang or grow without end.</summary>
internal sealed class TemplateRun(TemplateSource source, TemplateScope scope, bool isStrict = false)
{
    private const long MostSteps = 2_000_000;
    private const long MostCharacters = 16L << 20;
    private const int LongestOutput = 4 << 20;
    private const int DeepestCall = 16;

    private long _steps;
    private long _characters;
    private int _calls;

    /// <summary>The line of the template that is being rendered.</summary>
    public int Line { get; set; } = 1;

    /// <summary>The variables as they are seen at this place.</summary>
    public TemplateScope Scope { get; set; } = scope;

    /// <summary>Whether writing or looping over something that isn't defined is an error, as a slip of the pen should be.</summary>
    public bool IsStrict => isStrict;

    /// <summary>What was written so far.</summary>
    public PromptBuilder Output { get; private set; } = new();

    /// <summary>An error at the line that is being rendered.</summary>
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
    public PromptText Spend(PromptText text)
    {
        Spend(1 + text.Untrusted.Count);
        SpendCharacters(text.Text.Length);
        return text;
    }

    public void Write(PromptText text)
    {
        Spend(text);
        if (Output.Length + text.Text.Length > LongestOutput)
        {
            throw Wrong($"the template writes more than {LongestOutput} characters");
        }

        Output.Append(text);
    }

    /// <summary>Renders a body into a text of its own.</summary>
    public PromptText Capture(TemplateStatement body)
    {
        PromptBuilder outer = Output;
        Output = new PromptBuilder();
        try
        {
            body(this);
            return Output.Build();
        }
        finally
        {
            Output = outer;
        }
    }

    /// <summary>Renders a macro's body with variables of its own.</summary>
    public PromptText Call(TemplateScope scope, TemplateStatement body)
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
