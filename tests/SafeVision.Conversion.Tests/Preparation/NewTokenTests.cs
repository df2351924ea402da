namespace SafeVision.Conversion.Tests.Preparation;

public sealed class NewTokenTests
{
    [Fact]
    public void The_paper_has_eleven_tokens_the_safe_one_first_and_the_reason_last()
    {
        Assert.Equal(11, NewToken.SafeVision.Count);
        Assert.Equal(new NewToken("<|SAFE|>", "Safe"), NewToken.SafeVision[0]);
        Assert.Contains(new NewToken("<|Weapons_Substance_Abuse|>", "Weapons Substance Abuse"), NewToken.SafeVision);
        Assert.Equal(new NewToken("<|REASON|>", "Reason"), NewToken.SafeVision[^1]);
    }

    [Theory]
    [InlineData("<|Fake_Goods|>", "<|Fake_Goods|>", "Fake Goods")]
    [InlineData("<|Fake_Goods|>= counterfeit goods ", "<|Fake_Goods|>", "counterfeit goods")]
    [InlineData("<a>=b=c", "<a>", "b=c")]
    public void A_token_is_read_with_its_words(string text, string content, string words) => Assert.Equal(new NewToken(content, words), NewToken.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("=words")]
    [InlineData("<||>")]
    [InlineData("<|Name|>= ")]
    public void A_token_without_content_or_words_is_refused(string text) => Assert.Throws<CheckpointException>(() => NewToken.Parse(text));
}
