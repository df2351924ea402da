using SafeVision.VisionLanguage.Generation;
using SafeVision.VisionLanguage.Tests.Fakes;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Tests.Generation;

public sealed class LimitedTextTests
{
    private static readonly TextTokenizer s_tokenizer = ByteTokenizer.Create(["</s>"], "A.<", "answer", ">B", "<answer>", "x.<answer>y");

    [Theory]
    [InlineData("A.", "A.<answer", ">", "A.<", "answer", ">B")]
    [InlineData("A", "A", "<answer>", "A", "<answer>")]
    [InlineData("Ax.", "A", "x.<answer>", "A", "x.<answer>y")]
    public void What_of_the_mark_is_not_yet_said_is_told(string text, string said, string rest, params string[] tokens)
    {
        var told = new List<string>();
        var limited = new LimitedText(s_tokenizer.CreateTextStream(skipSpecial: true), new TextLimits(20, EndsAt: "<answer>"), told.Add);
        string[] kept = [.. tokens.TakeWhile(token => limited.Append(s_tokenizer.Find(token)!.Value))];

        Assert.Equal(new WrittenText(text, TextEnd.Mark, rest), limited.End());
        Assert.Equal((said, text + "<answer>"), (string.Concat(kept), string.Concat(kept) + rest));
        Assert.Equal(text, string.Concat(told));
    }

    [Fact]
    public void A_limit_is_told_from_the_end_of_a_turn()
    {
        LimitedText Create() => new(s_tokenizer.CreateTextStream(skipSpecial: true), new TextLimits(2, EndsAt: "<answer>"), null);
        LimitedText cut = Create(), ended = Create(), marked = Create();
        Assert.True(cut.Append(s_tokenizer.Find("A")!.Value));
        Assert.False(cut.Append(s_tokenizer.Find("B")!.Value));
        Assert.Equal(new WrittenText("AB", TextEnd.Limit, ""), cut.End());

        ended.EndBy(TextEnd.Turn);
        Assert.Equal(new WrittenText("", TextEnd.Turn, ""), ended.End());
        marked.EndBy(TextEnd.Mark);
        Assert.Equal(new WrittenText("", TextEnd.Mark, "<answer>"), marked.End());
    }
}
