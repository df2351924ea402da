using CsCheck;
using SafeVision.Policies;

namespace SafeVision.Tests.Policies;

public sealed class PolicyTextTests
{
    [Theory]
    [InlineData("  two\t words\n", "two words")]
    [InlineData("cafe\u0301", "caf\u00e9")]
    [InlineData("\u00a0no\u2003break\u3000", "no break")]
    [InlineData("\ud83d\udc69\u200d\ud83d\ude80", "\ud83d\udc69\u200d\ud83d\ude80")]
    public void Text_is_kept_on_one_line_in_one_form(string raw, string normal) => Assert.Equal(normal, PolicyText.Normalize(raw, 100, out _));

    [Theory]
    [InlineData("", "is empty")]
    [InlineData(" \u00a0\n", "is empty")]
    [InlineData("\u0301", "is empty")]
    [InlineData("a\u202eb", "holds the character U+202E, which cannot be seen")]
    [InlineData("a\ufeffb", "holds the character U+FEFF, which cannot be seen")]
    [InlineData("a\u0000b", "holds the character U+0000, which cannot be seen")]
    [InlineData("a\uffffb", "holds the character U+FFFF, which cannot be seen")]
    [InlineData("a\udb40\udc41b", "holds the character U+E0041, which cannot be seen")]
    [InlineData("a\u3164b", "holds the character U+3164, which cannot be seen")]
    [InlineData("\u2800", "holds the character U+2800, which cannot be seen")]
    [InlineData("12345678901", "is longer than 10 characters")]
    public void Text_that_is_empty_invisible_or_too_long_is_refused(string raw, string problem)
    {
        Assert.Null(PolicyText.Normalize(raw, 10, out string? said));
        Assert.Equal(problem, said);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_refused()
    {
        // An attribute cannot hold one.
        Assert.Null(PolicyText.Normalize("a\ud800b", 10, out string? said));
        Assert.Equal("holds half of a surrogate pair", said);
    }

    [Fact]
    public void Any_text_is_refused_with_a_reason_or_normalised_once_and_for_all() =>
        Gen.OneOf(Gen.String, Gen.Char.Array[0, 60].Select(characters => new string(characters))).Sample(raw =>
            PolicyText.Normalize(raw, 50, out string? problem) is string text
                ? problem is null && text.Length is > 0 and <= 50 && PolicyText.Normalize(text, 50, out _) == text
                : problem is not null);

    [Fact]
    public void A_quoted_word_is_short_and_safe_to_print()
    {
        Assert.Equal("'aU+202EbU+000AU+001B'", PolicyText.Quote("a\u202eb\n\u001b"));
        Assert.Equal($"'{new string('x', 60)}…'", PolicyText.Quote(new string('x', 1_000_000)));
        Assert.Equal("'\ufffd'", PolicyText.Quote("\ud800"));
        Assert.Equal("'aU+00A0b'", PolicyText.Quote("a\u00a0b"));
    }
}
