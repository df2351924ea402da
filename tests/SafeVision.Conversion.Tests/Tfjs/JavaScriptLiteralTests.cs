using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using SafeVision.Conversion.Tfjs;

namespace SafeVision.Conversion.Tests.Tfjs;

public sealed class JavaScriptLiteralTests
{
    [Theory]
    [InlineData("{}", "{}")]
    [InlineData("{a:1,$b_2:-2,\"c d\":[]}", """{"a":1,"$b_2":-2,"c d":[]}""")]
    [InlineData("[!0,!1,true,false,null]", "[true,false,true,false,null]")]
    [InlineData("[.5,-.25,1e3,2E-1,12e-7,5.]", "[0.5,-0.25,1000,0.2,1.2E-06,5]")]
    [InlineData("[1963169733975448e-20]", "[1.963169733975448E-05]")]
    [InlineData("[9007199254740993]", "[9007199254740993]")]
    [InlineData("""["a\n\"\u00e9\x41\/"]""", """["a\n\"éA/"]""")]
    [InlineData(" { a : [ 1 , 2 ] , } ", """{"a":[1,2]}""")]
    public void Data_is_read_as_JavaScript_means_it(string literal, string json) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), Parse(literal)), $"{literal} became {Parse(literal)?.ToJsonString()}");

    [Theory]
    [InlineData("{a:alert(1)}")]
    [InlineData("{a:function(){}}")]
    [InlineData("{a:1+1}")]
    [InlineData("{a:`x`}")]
    [InlineData("{a:'x'}")]
    [InlineData("{a:undefined}")]
    [InlineData("{a:Infinity}")]
    [InlineData("{a:-Infinity}")]
    [InlineData("{a:1e999}")]
    [InlineData("{a:0x10}")]
    [InlineData("{a:!2}")]
    [InlineData("{a:!")]
    [InlineData("{a:1,a:2}")]
    [InlineData("{a 1}")]
    [InlineData("{:1}")]
    [InlineData("[1 2]")]
    [InlineData("[--1]")]
    [InlineData("[1e]")]
    [InlineData("""["\u12"]""")]
    [InlineData("""["\q"]""")]
    [InlineData("""["\ud800"]""")]
    [InlineData("[\"a\nb\"]")]
    [InlineData("[\"a")]
    [InlineData("[\"a\\")]
    [InlineData("[")]
    [InlineData("{")]
    [InlineData("{a")]
    [InlineData("{a:")]
    [InlineData("")]
    public void Anything_but_data_is_refused_with_its_place(string literal)
    {
        CheckpointException exception = Assert.Throws<CheckpointException>(() => Parse(literal));
        Assert.StartsWith("model.min.js: the object literal", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_without_end_is_refused_before_the_stack_ends()
    {
        Assert.Throws<CheckpointException>(() => Parse(new string('[', 1_000_000)));
        Assert.Throws<CheckpointException>(() => Parse(string.Concat(Enumerable.Repeat("{a:", 100_000))));
    }

    [Fact]
    public void Any_text_is_read_or_refused() => Gen.OneOf(
        Gen.String[Gen.Char["{}[]:,\"\\!01e.-+ anulltrue$\u2028x"], 0, 40],
        Gen.String[0, 40]).Sample(
        text =>
        {
            try
            {
                Parse("{a:" + text);
            }
            catch (CheckpointException exception)
            {
                Assert.StartsWith("model.min.js", exception.Message, StringComparison.Ordinal);
            }
        },
        iter: 20_000, threads: 1);

    [Fact]
    public void Damage_to_a_real_shape_is_read_or_refused()
    {
        const string sound = """{format:"graph-model",modelTopology:{node:[{name:"input",op:"Placeholder",attr:{shape:{dim:[{size:"-1"}]}}}]},weightsManifest:[{paths:["a"],weights:[{scale:.04344,min:-6.25,ok:!1}]}]}""";
        Gen.Select(Gen.Int[0, sound.Length - 1], Gen.Char[" ~\n\u00ff"]).Array[1, 3].Sample(
            damage =>
            {
                var text = new StringBuilder(sound);
                foreach ((int at, char c) in damage)
                {
                    text[at] = c;
                }

                try
                {
                    Parse(text.ToString());
                }
                catch (CheckpointException exception)
                {
                    Assert.StartsWith("model.min.js", exception.Message, StringComparison.Ordinal);
                }
            },
            iter: 20_000, threads: 1);
    }

    private static JsonNode? Parse(string literal)
    {
        using JsonDocument document = JsonDocument.Parse(JavaScriptLiteral.ToJson("model.min.js", literal, 0));
        return JsonNode.Parse(document.RootElement.GetRawText());
    }
}
