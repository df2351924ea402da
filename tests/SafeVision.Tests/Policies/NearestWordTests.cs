using CsCheck;
using SafeVision.Policies;

namespace SafeVision.Tests.Policies;

public sealed class NearestWordTests
{
    private static readonly string[] s_words = ["includes", "excludes", "review", "whenNotAssessed", "Violence_Harm_Cruelty"];

    [Theory]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("review", "reveiw", 1)]
    [InlineData("Review", "rEVIEW", 0)]
    [InlineData("", "abc", 3)]
    [InlineData("ca", "abc", 3)] // a swapped pair is not edited again
    public void The_distance_counts_edits_and_swapped_neighbours(string left, string right, int distance) =>
        Assert.Equal(distance, NearestWord.Distance(left, right));

    [Fact]
    public void The_distance_is_symmetric_and_zero_only_between_equals() =>
        Gen.Select(Gen.String[Gen.Char['a', 'd'], 0, 8], Gen.String[Gen.Char['a', 'd'], 0, 8]).Sample((left, right) =>
            NearestWord.Distance(left, right) == NearestWord.Distance(right, left)
            && NearestWord.Distance(left, right) == 0 == (left == right)
            && NearestWord.Distance(left, right) >= Math.Abs(left.Length - right.Length)
            && NearestWord.Distance(left, right) <= Math.Max(left.Length, right.Length));

    [Theory]
    [InlineData("include", "includes")]
    [InlineData("exclude", "excludes")]
    [InlineData("WHENNOTASSESED", "whenNotAssessed")]
    [InlineData("cruelty", "Violence_Harm_Cruelty")]
    [InlineData("reviewThreshold", "review")]
    [InlineData("zebra", null)]
    [InlineData("in", null)]
    public void The_nearest_word_is_a_slip_away_or_part_of_the_other(string word, string? nearest) =>
        Assert.Equal(nearest, NearestWord.Find(word, s_words));

    [Fact]
    public void A_word_of_a_megabyte_is_near_nothing() =>
        Assert.Null(NearestWord.Find(new string('i', 1_000_000), s_words));
}
