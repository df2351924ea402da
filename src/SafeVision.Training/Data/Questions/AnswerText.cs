namespace SafeVision.Training.Data.Questions;

/// <summary>Builds an answer and remembers where its critical parts are.</summary>
internal sealed class AnswerText
{
    private readonly StringBuilder _text = new();
    private readonly List<CriticalSpan> _critical = [];

    public AnswerText Say(string text)
    {
        _text.Append(text);
        return this;
    }

    public AnswerText Say(string text, CriticalRole role)
    {
        _critical.Add(new CriticalSpan(_text.Length, text.Length, role));
        return Say(text);
    }

    public TrainingTurn To(string question) => new(question, _text.ToString()) { Critical = _critical };

    public static TrainingTurn Plain(string question, string answer) => new(question, answer);
}
