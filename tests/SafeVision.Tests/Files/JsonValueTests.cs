using System.Text;
using SafeVision.Files;

namespace SafeVision.Tests.Files;

/// <summary>Every error in a stranger's JSON names the file, the path and what stands there, and is of the kind that its reader throws.</summary>
public sealed class JsonValueTests
{
    [Theory]
    [InlineData("a.b", "'a.b' is \"x\"; expected a whole number from 1 to 9")]
    [InlineData("a.missing", "'a.missing' is missing; expected a whole number from 1 to 9")]
    [InlineData("list", "'list' is [1,2]; expected a whole number from 1 to 9")]
    [InlineData("large", "'large' is 1e99; expected a whole number from 1 to 9")]
    public void A_value_that_is_no_number_is_refused_with_its_place(string path, string message)
    {
        JsonValue value = path.Split('.').Aggregate(Read("""{"a": {"b": "x"}, "list": [1,2], "large": 1e99}"""), (parent, name) => parent[name]);
        FormatException error = Assert.Throws<FormatException>(() => value.Integer(1, 9));
        Assert.Equal($"config.json: {message}.", error.Message);
    }

    [Fact]
    public void Items_and_members_know_where_they_stand()
    {
        JsonValue root = Read("""{"merges": [["a", "b"], 3], "vocab": {"x": true}}""");
        Assert.Equal(["merges[0]", "merges[1]"], root["merges"].Items().Select(item => item.Path));
        Assert.Equal(["vocab.x"], root["vocab"].Members().Select(member => member.Value.Path));
        Assert.Throws<FormatException>(() => root["merges"].Items(1));
        Assert.Throws<FormatException>(() => root["vocab"].Items());
        Assert.Throws<FormatException>(() => root["merges"].Members().ToArray());
        Assert.Empty(root["absent"].Items());
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{\"a\": 1, \"a\": 2}")]
    [InlineData("{\"a\": 1,}")]
    [InlineData("")]
    public void What_is_no_JSON_is_refused_and_twice_the_same_name_with_it(string text) =>
        Assert.StartsWith("config.json: is no JSON: ", Assert.Throws<FormatException>(() => Read(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_value_nested_without_end_is_refused() =>
        Assert.Throws<FormatException>(() => Read(string.Concat(Enumerable.Repeat("[", 100_000))));

    [Fact]
    public void A_long_value_is_quoted_in_part()
    {
        JsonValue value = Read($$"""{"a": "{{new string('x', 10_000)}}"}""")["a"];
        Assert.InRange(Assert.Throws<FormatException>(() => value.Number()).Message.Length, 100, 250);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_no_text() =>
        Assert.Contains("well-formed", Assert.Throws<FormatException>(() => Read("""{"a": "\ud800"}""")["a"].Text()).Message, StringComparison.Ordinal);

    [Fact]
    public void A_name_with_half_a_surrogate_pair_is_an_error_of_the_reader_s_kind_whatever_is_looked_for()
    {
        JsonValue value = JsonValue.Parse("config.json", Encoding.UTF8.GetBytes("""{"\ud800x": 1}"""), static (message, cause) => new FormatException(message, cause), isLenient: true);
        Assert.Contains("well-formed", Assert.Throws<FormatException>(() => value["a"]).Message, StringComparison.Ordinal);
    }

    private static JsonValue Read(string text) =>
        JsonValue.Parse("config.json", Encoding.UTF8.GetBytes(text), static (message, cause) => new FormatException(message, cause));
}
