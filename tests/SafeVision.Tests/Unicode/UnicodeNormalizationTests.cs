using System.Globalization;
using SafeVision.Unicode;

namespace SafeVision.Tests.Unicode;

public sealed class UnicodeNormalizationTests
{
    [Fact]
    public void Form_C_is_that_of_an_independent_implementation()
    {
        (string Text, string Composed)[] cases = [.. Cases()];
        Assert.True(cases.Length > 1_000);
        Assert.All(cases, entry => Assert.Equal(entry.Composed, UnicodeNormalization.ToNfc(entry.Text)));
    }

    [Fact]
    public void Forms_C_and_D_lead_to_each_other() =>
        Assert.All(Cases(), entry =>
        {
            string decomposed = UnicodeNormalization.ToNfd(entry.Text);
            Assert.Equal(entry.Composed, UnicodeNormalization.ToNfc(decomposed));
            Assert.Equal(decomposed, UnicodeNormalization.ToNfd(entry.Composed));
            Assert.Equal(decomposed, UnicodeNormalization.ToNfd(decomposed));
        });

    [Theory]
    [InlineData("\u00e9", "e\u0301")]
    [InlineData("\u1e69", "s\u0323\u0307")]
    [InlineData("s\u0307\u0323", "s\u0323\u0307")]
    [InlineData("\ud55c\uae00", "\u1112\u1161\u11ab\u1100\u1173\u11af")]
    [InlineData("\u212b", "A\u030a")]
    [InlineData("\ufb01", "\ufb01")]
    [InlineData("plain", "plain")]
    public void Form_D_takes_letters_and_marks_apart(string text, string decomposed) =>
        Assert.Equal(decomposed, UnicodeNormalization.ToNfd(text));

    private static IEnumerable<(string Text, string Composed)> Cases() =>
        from line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Fixtures", "unicode", "form-c.txt"))
        where line.Length > 0 && line[0] != '#'
        let parts = line.Split(';')
        select (ToText(parts[0]), ToText(parts[1]));

    private static string ToText(string points) => string.Concat(points.Split(' ').Select(point =>
        char.ConvertFromUtf32(int.Parse(point, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))));
}
