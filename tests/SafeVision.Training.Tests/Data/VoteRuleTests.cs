using CsCheck;
using SafeVision.Training.Data.Questions;
using SafeVision.Training.Data.Votes;

namespace SafeVision.Training.Tests.Data;

public class VoteRuleTests
{
    private static readonly string[] s_others = ["x", "y", "z"];

    [Theory]
    [InlineData(1, "these reject: x + y + z.")]
    [InlineData(2, "ALL JUDGES TOGETHER")]
    [InlineData(5, "ALL JUDGES TOGETHER")]
    [InlineData(6, "NOTHING CAN BE REJECTED")]
    [InlineData(20, "NOTHING CAN BE REJECTED")]
    public void The_papers_schedule_says_where_it_is_dead(int round, string power) =>
        Assert.Contains(power, VoteRule.Paper(round, "own", s_others).Describe(), StringComparison.Ordinal);

    [Fact]
    public void Holding_the_threshold_down_keeps_late_rounds_alive() =>
        Assert.Contains("ALL JUDGES", VoteRule.Paper(9, "own", s_others, highestThreshold: 0.9).Describe(), StringComparison.Ordinal);

    [Fact]
    public void The_papers_weights_are_those_of_its_code()
    {
        VoteRule rule = VoteRule.Paper(4, "own", s_others);

        Assert.Equal(0.30, rule.Weights["own"], 12);
        Assert.Equal(0.7 / 3, rule.Weights["x"], 12);
        Assert.Equal(0.90, rule.Threshold, 12);
    }

    [Fact]
    public void Who_abstains_counts_for_neither_side() => Gen.Select(Gen.Double[0.1, 5].Array[4], Gen.Enum<JudgeVote>().Array[4], Gen.Double[0, 0.99]).Sample((weights, votes, threshold) =>
    {
        string[] names = ["a", "b", "c", "d"];
        VoteRule rule = VoteRule.Create(names.Zip(weights).ToDictionary(pair => pair.First, pair => pair.Second), threshold);
        (string Name, JudgeVote Vote)[] all = [.. names.Zip(votes)];
        VoteOutcome whole = rule.Decide(all.ToDictionary(pair => pair.Name, pair => pair.Vote));
        VoteOutcome without = rule.Decide(all.Where(pair => pair.Vote != JudgeVote.Abstain).ToDictionary(pair => pair.Name, pair => pair.Vote));

        return whole == without && (whole == VoteOutcome.Undecided) == votes.All(vote => vote == JudgeVote.Abstain);
    });

    [Theory]
    [InlineData("Yes.", JudgeVote.Yes)]
    [InlineData("**No**, it shows a kitchen.", JudgeVote.No)]
    [InlineData("no", JudgeVote.No)]
    [InlineData("Not sure, yes perhaps", JudgeVote.Abstain)]
    [InlineData("I know it: yes", JudgeVote.Abstain)]
    [InlineData("None of it", JudgeVote.Abstain)]
    [InlineData("", JudgeVote.Abstain)]
    public void Only_the_first_word_of_an_answer_is_a_vote(string words, JudgeVote vote) => Assert.Equal(vote, ChatJudge.Read(words));

    [Theory]
    [InlineData("I'm sorry, but I can't assist with that request.", true)]
    [InlineData("I’m sorry, I cannot help with that.", true)]
    [InlineData("Sorry, I won't describe this image.", true)]
    [InlineData("As an AI language model, I am not able to view images.", true)]
    [InlineData("I cannot describe the content of this image.", true)]
    [InlineData("Unfortunately, I am unable to comply.", true)]
    [InlineData("I must decline to discuss this.", true)]
    [InlineData("This request violates our policy.", true)]
    [InlineData("抱歉，我无法描述这张图片。", true)]
    [InlineData("Lo siento, no puedo ayudar con eso.", true)]
    [InlineData("A man points a gun at a shopkeeper who says sorry.", false)]
    [InlineData("I can't see any knife; the image shows a loaf of bread.", false)]
    [InlineData("There is a revolver at the top left.", false)]
    [InlineData("A sign reads \"I cannot help you\".", false)]
    [InlineData("The image shows a content warning on a screen.", false)]
    public void A_refusal_is_told_from_an_answer(string answer, bool isRefusal) => Assert.Equal(isRefusal, Refusal.IsOne(answer));
}
