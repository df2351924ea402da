using SafeVision.VisionLanguage.Generation;

namespace SafeVision.VisionLanguage.Tests.Generation;

public sealed class ChoiceScoresTests
{
    [Fact]
    public void Choices_of_one_token_get_the_softmax_of_their_logits()
    {
        double[] shares = new ChoiceScores(ChoiceSet.Create([[7], [3], [5]]), [[-1], [-2], [-4]]).Shares();
        double sum = Math.Exp(-1) + Math.Exp(-2) + Math.Exp(-4);
        Assert.Equal([Math.Exp(-1) / sum, Math.Exp(-2) / sum, Math.Exp(-4) / sum], shares, (a, b) => Math.Abs(a - b) < 1e-15);
    }

    [Fact]
    public void Tokens_that_must_follow_cost_nothing()
    {
        double[] shares = new ChoiceScores(ChoiceSet.Create([[1], [2, 8, 9, 8]]), [[Math.Log(0.3)], [Math.Log(0.1)]]).Shares();
        Assert.Equal([0.75, 0.25], shares, (a, b) => Math.Abs(a - b) < 1e-15);
    }

    [Fact]
    public void Only_the_tokens_that_decide_are_asked_for() =>
        Assert.Equal([1, 2, 3, 3, 1], ChoiceSet.Create([[1, 2, 3], [4, 5, 6, 7], [4, 8, 9], [4, 8, 1, 1], [5]]).DecidingTokens);

    [Fact]
    public void Choices_with_a_common_beginning_share_what_it_has()
    {
        double beginning = Math.Log(0.6);
        ChoiceSet trie = ChoiceSet.Create([[1, 4, 5], [2], [1, 4, 6], [1, 7]]);
        double[] shares = new ChoiceScores(trie, [[beginning, Math.Log(0.4), Math.Log(0.3)], [Math.Log(0.2)], [beginning, Math.Log(0.4), Math.Log(0.1)], [beginning, Math.Log(0.1)]]).Shares();
        Assert.Equal([0.75 * 0.8 * 0.75, 0.25, 0.75 * 0.8 * 0.25, 0.75 * 0.2], shares, (a, b) => Math.Abs(a - b) < 1e-15);
    }

    [Fact]
    public void A_share_does_not_depend_on_the_order_of_the_choices()
    {
        int[][] choices = [.. Enumerable.Range(0, 60).Select(i => (int[])[i % 7, i % 11, i])];
        double[][] scores = [.. choices.Select(choice => (double[])[-Math.Abs(Math.Sin(choice[0]) * 9), -Math.Abs(Math.Cos((choice[0] * 11) + choice[1]) * 9), -Math.Abs(Math.Sin(choice[2]) * 5)])];
        double[] forward = new ChoiceScores(ChoiceSet.Create(choices), scores).Shares();
        double[] backward = new ChoiceScores(ChoiceSet.Create([.. choices.Reverse()]), [.. scores.Reverse()]).Shares();
        Assert.Equal(forward, backward.Reverse());
        Assert.Equal(1, forward.Sum(), 12);
    }

    [Fact]
    public void Where_nothing_has_any_probability_there_is_no_share()
    {
        const double None = double.NegativeInfinity;
        Assert.All(new ChoiceScores(ChoiceSet.Create([[1], [2]]), [[None], [None]]).Shares(), share => Assert.Equal(double.NaN, share));

        // Below a choice that is impossible anyway, it doesn't matter.
        Assert.Equal([0, 1, 0], new ChoiceScores(ChoiceSet.Create([[1, 2], [3], [1, 4]]), [[None, None], [-1], [None, None]]).Shares());
    }
}
