using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Generation;

namespace SafeVision.VisionLanguage.Tests.Generation;

public sealed class TokenSequenceTests
{
    private const int Image = 9;

    [Fact]
    public void Texts_have_in_common_what_they_begin_with()
    {
        Assert.Equal(2, Text(1, 2, 3).CommonPrefix(Text(1, 2, 4, 5)));
        Assert.Equal(0, Text().CommonPrefix(Text(1)));
        Assert.Equal(3, Text(1, 2, 3).CommonPrefix(Text(1, 2, 3)));
    }

    [Theory]
    [InlineData(7, 2, 7, 2, 5)] // the same picture: all up to where the texts part
    [InlineData(7, 2, 8, 2, 1)] // another picture of the same shape: only what stands before it
    [InlineData(7, 2, 7, 3, 1)] // the same picture with another number of tokens
    public void A_picture_counts_only_whole_and_only_where_it_is_the_same(int key, int tokens, int otherKey, int otherTokens, int common)
    {
        TokenSequence one = Shown(key, tokens, 4, 5), other = Shown(otherKey, otherTokens, 4, 5);
        Assert.Equal(common, one.CommonPrefix(other));
        Assert.Equal(common, other.CommonPrefix(one));
    }

    [Fact]
    public void Text_that_only_looks_like_a_picture_is_none()
    {
        Assert.Equal(1, Shown(7, 2, 4).CommonPrefix(Text(1, Image, Image, 4)));
        Assert.Equal(1, Text(1, Image, Image, 4).CommonPrefix(Shown(7, 2, 4)));
    }

    [Fact]
    public void What_is_cut_off_takes_its_pictures_with_it()
    {
        TokenSequence tokens = Shown(7, 2, 4);
        tokens.Truncate(1);
        Assert.Empty(tokens.Images);
        Assert.Equal(1, tokens.Count);
    }

    private static TokenSequence Text(params int[] ids) => new(ids, []);

    private static TokenSequence Shown(int key, int tokens, params int[] rest) => new(
        [1, .. Enumerable.Repeat(Image, tokens), .. rest],
        [new ImageSpan(1, tokens, (UInt128)key, new ImagePlan { PixelShape = [], Tokens = tokens, Text = "", Regions = [] })]);
}
