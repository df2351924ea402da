using System.Text;
using SafeVision.Evaluation.Symbols.Icons;

namespace SafeVision.Evaluation.Tests.Symbols.Icons;

public sealed class IconSetReaderTests
{
    [Fact]
    public void Icons_have_the_sets_size_or_their_own_and_aliases_name_them_too()
    {
        IconSet set = Read("""
            {"prefix":"p","width":24,"height":24,"info":{"name":"P","license":{"spdx":"MIT"}},
             "icons":{"a":{"body":"<g/>"},"b":{"body":"<g/>","width":32,"left":-4}},
             "aliases":{"c":{"parent":"a"},"d":{"parent":"c"},"turned":{"parent":"a","rotate":1},"loop":{"parent":"loop"},"lost":{"parent":"nothing"}}}
            """);

        Assert.Equal("MIT", set.License);
        Assert.Equal((24f, 24f), (set.Icons["a"].Width, set.Icons["a"].Height));
        Assert.Equal((32f, 24f), (set.Icons["b"].Width, set.Icons["b"].Height));
        Assert.Equal("<g transform=\"translate(4 0)\"><g/></g>", set.Icons["b"].Body);
        Assert.Same(set.Icons["a"], set.Icons["d"]);
        Assert.Equal(["a", "b", "c", "d"], set.Icons.Keys.Order());
    }

    [Theory]
    [InlineData("", "no JSON")]
    [InlineData("[]", "no icon set")]
    [InlineData("{\"prefix\":\"p\"}", "no icon set")]
    [InlineData("{\"prefix\":\"p\",\"icons\":[]}", "iconify's form")]
    [InlineData("{\"prefix\":3,\"icons\":{}}", "iconify's form")]
    [InlineData("{\"prefix\":\"p\",\"icons\":{\"a\":{}}}", "has no body")]
    [InlineData("{\"prefix\":\"p\",\"icons\":{\"a\":{\"body\":\"\",\"width\":-1}}}", "'width' must be a number")]
    [InlineData("{\"prefix\":\"p\",\"icons\":{\"a\":{\"body\":\"\",\"width\":1e300}}}", "'width' must be a number")]
    [InlineData("{\"prefix\":\"p\",\"height\":\"7\",\"icons\":{}}", "iconify's form")]
    public void A_file_that_is_no_icon_set_is_an_error_that_names_it(string json, string message)
    {
        EvaluationException exception = Assert.Throws<EvaluationException>(() => Read(json));

        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.Contains("mine.json", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_is_bounded() =>
        Assert.Throws<EvaluationException>(() => Read(string.Concat(Enumerable.Repeat("{\"a\":", 100)) + "1" + new string('}', 100)));

    private static IconSet Read(string json) => IconSetReader.Read(Encoding.UTF8.GetBytes(json), "mine.json");
}
