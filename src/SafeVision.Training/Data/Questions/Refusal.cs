namespace SafeVision.Training.Data.Questions;

/// <summary>Tells an answer that declines from one that answers. A teacher may refuse just the images that a guard must learn.</summary>
internal static partial class Refusal
{
    private const int Looked = 200; // a refusal says so at once

    /// <summary>Whether an answer declines to look, to describe or to judge.</summary>
    public static bool IsOne(string answer) => Pattern().IsMatch(answer.Length > Looked ? answer[..Looked] : answer);

    // "I can't see a knife" describes; "I can't help with that" declines. So what cannot be done must be the task.
    [GeneratedRegex(
        """
        ^\W*(?:
          (?:i['’]?m|i\s+am|we['’]?re|we\s+are)\s+(?:so\s+|very\s+)?sorry\b
        | (?:i\s+)?apologi[sz]e\b | (?:my\s+)?apologies\b | sorry[,.!\s]
        | as\s+an?\s+(?:ai|artificial|language|large|multimodal|virtual)\b
        | (?:unfortunately[,\s]+)?(?:i|we)\s*(?:['’]m|\s+am|\s+are)?\s*(?:really\s+)?
          (?:can['’]?t|can\s?not|could\s?n['’]?t|won['’]?t|will\s+not|must\s+decline|have\s+to\s+decline|decline|refuse|unable|not\s+(?:able|allowed|permitted|comfortable|going))\s*(?:\s+to)?\s*
          (?:\w+ly\s+)?(?:help|assist|provide|describe|comply|fulfil|answer|respond|analy[sz]e|discuss|engage|continue|process|do\s+that|view|identify|comment|generate|create|describing|discussing|to\b)
        | (?:this|that|the|your)\s+(?:request|content|image|prompt|question)\s+(?:may\s+|might\s+|appears\s+to\s+|seems\s+to\s+)?(?:violates?|goes\s+against|is\s+against|cannot\s+be\s+(?:processed|described|answered))
        | (?:es\s+tut\s+mir\s+leid|ich\s+kann\s+(?:dabei|das|diese|ihnen|dir)\b[^.]*\bnicht)
        | (?:lo\s+siento|no\s+puedo\s+(?:ayudar|describir|proporcionar|cumplir))
        | (?:je\s+suis\s+d[ée]sol[ée]|d[ée]sol[ée]\b|je\s+ne\s+peux\s+pas)
        | (?:抱歉|对不起|很抱歉|我无法|我不能|作为一个|作为人工智能|申し訳|죄송)
        )
        """,
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
