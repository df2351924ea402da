using SafeVision.Policies;

namespace SafeVision.Tests.Policies;

/// <summary>What the author of a policy file reads for each kind of mistake, word for word.</summary>
public sealed class PolicyErrorTests
{
    private const string Header = "policy: p\nversion: \"1\"\n";
    private const string Good = $"{Header}categories:\n  - id: Sexual\n  - id: cats\n    includes: [cats, kittens]\n";

    public static TheoryData<string, string> UnknownWords => new()
    {
        { $"{Good}onFail: block\n", "7:1: unknown key 'onFail'; did you mean 'onFailure'?" },
        { $"{Good}zebra: 1\n", "7:1: unknown key 'zebra'; a policy has 'policy', 'version', 'onFailure', 'defaults', 'categories'" },
        { Good.Replace("policy:", "Policy:"), "1:1: unknown key 'Policy'; did you mean 'policy'?" },
        { Good.Replace("includes", "include"), "6:5: unknown key 'include'; did you mean 'includes'?" },
        { $"{Good}    whenNotAsessed: block\n", "7:5: unknown key 'whenNotAsessed'; did you mean 'whenNotAssessed'?" },
        { $"{Good}defaults: {{ reviews: 0.2 }}\n", "7:13: unknown key 'reviews'; did you mean 'review'?" },
        { Good.Replace("Sexual", "Sexuel"), "4:9: unknown category id 'Sexuel'; did you mean 'Sexual'? (an own category needs an id less like a built-in one)" },
        { Good.Replace("Sexual", "Violence"), "4:9: unknown category id 'Violence'; did you mean 'Violence_Harm_Cruelty'? (an own category needs 'includes')" },
        { Good.Replace("Sexual", "zebra"), "4:9: category 'zebra' is empty; an own category needs 'includes' (the built-in ones are Hate_Humiliation_Harassment, Violence_Harm_Cruelty, Sexual, Criminal_Planning, Weapons_Substance_Abuse, Self_Harm, Animal_Cruelty, Disasters_Emergencies, Political)" },
        { Good.Replace("Sexual", "safe"), "4:9: 'safe' means that an image belongs to no category, so it cannot be one; leave it out" },
        { Good.Replace("Sexual", "S\u0435xual"), "4:9: 'S\u0435xual' is not an id; it holds '\u0435' (U+0435); did you mean 'Sexual'? an id is an ASCII letter followed by ASCII letters, digits, '_', '-' or '.', at most 64 in all" },
        { Good.Replace("id: cats", "id: my cats"), "5:9: 'my cats' is not an id; an id is an ASCII letter followed by ASCII letters, digits, '_', '-' or '.', at most 64 in all" },
        { $"{Good}onFailure: blok\n", "7:12: 'blok' is not a decision for 'onFailure'; did you mean 'block'?" },
        { $"{Good}onFailure: Allow\n", "7:12: 'Allow' is not a decision for 'onFailure'; did you mean 'allow'?" },
        { $"{Good}onFailure: deny\n", "7:12: 'deny' is not a decision for 'onFailure'; it is 'allow', 'review' or 'block'" },
        { $"{Good}    whenNotAssessed: reveiw\n", "7:22: 'reveiw' is not a decision for 'whenNotAssessed'; did you mean 'review'?" },
    };

    public static TheoryData<string, string> DuplicatesAndGaps => new()
    {
        { $"{Good}  - id: SEXUAL\n", "7:9: category 'SEXUAL' is defined twice; first in line 4" },
        { $"{Good}policy: q\n", "7:1: key 'policy' stands twice; first in line 1" },
        { $"{Good}    block: 0.5\n    block: 0.9\n", "8:5: key 'block' stands twice; first in line 7" },
        { Good.Replace("kittens", "CATS"), "6:22: category 'cats' includes 'CATS' twice" },
        { $"{Good}    excludes: [Cats]\n", "7:16: category 'cats' includes and excludes 'Cats'" },
        { Good.Replace("id: Sexual", "id: Sexual\n    excludes: [naked people posed to arouse]"), "5:16: category 'Sexual' includes and excludes 'naked people posed to arouse'; its definition includes it, so give 'includes' without it as well" },
        { Good.Replace("[cats, kittens]", "[]"), "6:15: category 'cats' is empty; 'includes' needs at least one phrase" },
        { Good.Replace(" [cats, kittens]", ""), "6:14: 'includes' has no value; it must be a list; write 'includes: [first phrase, second phrase]'" },
        { Good.Replace("kittens", "''"), "6:22: category 'cats': a phrase in 'includes' is empty" },
        { Good.Replace("kittens", "\"\u200d\""), "6:22: category 'cats': a phrase in 'includes' is empty" },
        { Good.Replace("  - id: Sexual", "  - name: Sexual"), "4:5: a category needs an 'id'" },
        { $"{Header}categories: []\n", "3:1: 'categories' is empty; a policy without a category would allow everything" },
        { $"{Header}categories:\n", "3:1: 'categories' is empty; a policy without a category would allow everything" },
        { Header, "1:1: 'categories' is missing" },
        { "version: '1'\ncategories: [{id: Sexual}]\n", "1:1: 'policy' is missing" },
        { "policy: p\ncategories: [{id: Sexual}]\n", "1:1: 'version' is missing" },
        { "policy: ' '\nversion: '1'\ncategories: [{id: Sexual}]\n", "1:9: the policy's name is empty" },
        { "", "1:1: the file is empty; a policy begins with 'policy:', 'version:' and 'categories:'" },
        { "# nothing\n", "1:1: the file is empty; a policy begins with 'policy:', 'version:' and 'categories:'" },
        { "---\n...\n", "1:1: the file is empty; a policy begins with 'policy:', 'version:' and 'categories:'" },
    };

    public static TheoryData<string, string> Thresholds => new()
    {
        { $"{Good}    review: 0.9\n    block: 0.5\n", "8:12: category 'cats': block 0.5 is below review 0.9; an image would be blocked before it is reviewed" },
        { $"{Good}    block: 0.2\n", "7:12: category 'cats': block 0.2 is below review 0.35 (the default); an image would be blocked before it is reviewed" },
        { $"{Good}defaults: {{ review: 0.9, block: 0.3 }}\n", "7:33: the defaults: block 0.3 is below review 0.9; an image would be blocked before it is reviewed" },
        { $"{Good}    block: 80\n", "7:12: category 'cats': block threshold 80 is not above 0 and at most 1; 80 % is written 0.8" },
        { $"{Good}    block: 1.5\n", "7:12: category 'cats': block threshold 1.5 is not above 0 and at most 1" },
        { $"{Good}    review: 0\n", "7:13: category 'cats': review threshold 0 would stop every image; a threshold is above 0 and at most 1" },
        { $"{Good}    review: -0.1\n", "7:13: category 'cats': review threshold -0.1 is not above 0 and at most 1" },
        { $"{Good}    review: 1e400\n", "7:13: category 'cats': review threshold Infinity is not above 0 and at most 1" },
        { $"{Good}    review: .nan\n", "7:13: 'review' is '.nan'; it must be a number above 0 and at most 1" },
        { $"{Good}    block: .inf\n", "7:12: 'block' is '.inf'; it must be a number above 0 and at most 1" },
        { $"{Good}    block: \"0.9\"\n", "7:12: 'block' is text; it must be a number above 0 and at most 1, without quotes" },
        { $"{Good}    block: 0,9\n", "7:12: 'block' is '0,9'; it must be a number above 0 and at most 1, such as 0.8" },
        { $"{Good}    block: high\n", "7:12: 'block' is 'high'; it must be a number above 0 and at most 1, such as 0.8" },
        { $"{Good}    block:\n", "7:11: 'block' has no value; it must be a number above 0 and at most 1, without quotes" },
    };

    public static TheoryData<string, string> WrongTypes => new()
    {
        { Good.Replace("[cats, kittens]", "cats"), "6:15: 'includes' is text; it must be a list; write 'includes: [first phrase, second phrase]'" },
        { Good.Replace("kittens", "12"), "6:22: a phrase in 'includes' is a number; it must be text; put it in quotes" },
        { Good.Replace("kittens", "~"), "6:22: a phrase in 'includes' has no value; it must be text" },
        { Good.Replace("kittens", "cats: small"), "6:22: a phrase in 'includes' is a mapping; it must be text; put text that contains ': ' or begins with '{' in quotes" },
        { Good.Replace("policy: p", "policy: true"), "1:9: 'policy' is a boolean; it must be text; put it in quotes" },
        { Good.Replace("policy: p", "policy: [p]"), "1:9: 'policy' is a list; it must be text" },
        { Good.Replace("policy: p", "policy:"), "1:8: 'policy' has no value; it must be text" },
        { $"{Good}onFailure: false\n", "7:12: 'onFailure' is a boolean; it must be 'allow', 'review' or 'block'" },
        { $"{Header}categories: {{ id: Sexual }}\n", "3:13: 'categories' is a mapping; it must be a list of categories, each beginning with '- id:'" },
        { $"{Header}categories: [Sexual]\n", "3:14: a category is a mapping; write '- id: Sexual'" },
        { "- policy\n", "1:1: a policy is a list; it must be a mapping with 'policy', 'version', 'onFailure', 'defaults', 'categories'" },
        { "just words\n", "1:1: a policy is text; it must be a mapping with 'policy', 'version', 'onFailure', 'defaults', 'categories'" },
    };

    public static TheoryData<string, string> NotForPolicies => new()
    {
        { Good.Replace("id: Sexual", "id: &sex Sexual"), "4:9: anchors ('&sex') are not supported in a policy" },
        { Good.Replace("kittens", "*kittens"), "6:22: aliases ('*kittens') are not supported in a policy; write the value out" },
        { $"{Good}    <<: {{ block: 0.9 }}\n", "7:5: merge keys ('<<') are not supported in a policy; write the keys out" },
        { Good.Replace("policy: p", "policy: !shop p"), "1:9: tags ('!shop') are not supported in a policy" },
        { $"%YAML 1.1\n---\n{Good}", "1:1: directives ('%…') are not supported in a policy" },
        { $"%TAG ! tag:shop,2000:\n---\n{Good}", "1:1: directives ('%…') are not supported in a policy" },
        { $"{Good}---\n{Good}", "7:1: a second document begins here; a file holds one policy" },
        { $"{Good}? [a]\n: b\n", "7:3: a key must be a word, not a list or a mapping" },
        { Good.Replace("kittens", "kit\u202etens"), "6:25: the character U+202E cannot be seen and may not stand in a policy" },
        { Good.Replace("Sexual", "Sex\u200bual"), "4:12: the character U+200B cannot be seen and may not stand in a policy" },
        { Good.Replace("kittens", "kit\0tens"), "6:25: the character U+0000 cannot be seen and may not stand in a policy" },
        { Good.Replace("kittens", "kit\ud800tens"), "6:25: half of a surrogate pair may not stand in a policy" },
        { Good.Replace("kittens", "\"kit\\u202etens\""), "6:22: category 'cats': a phrase in 'includes' holds the character U+202E, which cannot be seen" },
        { Good.Replace("kittens", new string('k', 501)), "6:22: category 'cats': a phrase in 'includes' is longer than 500 characters" },
    };

    public static TheoryData<string, string> LookAlikes => new()
    {
        { Good.Replace("    includes", "\u00a0 \u00a0 includes"), $"6:1: {LooksLikeSpace("U+00A0")}" },
        { Good.Replace("    includes", "\u3000\u3000includes"), $"6:1: {LooksLikeSpace("U+3000")}" },
        { Good.Replace("  - id: cats", "\u2003- id: cats"), $"5:1: {LooksLikeSpace("U+2003")}" },
        { Good.Replace("[cats, kittens]", "\n      -\u00a0cats\n      - kittens"), $"7:8: {LooksLikeSpace("U+00A0")}" },
        { Good.Replace("[cats, kittens]", "\n      - cats\n     \u00a0- kittens"), $"8:6: {LooksLikeSpace("U+00A0")}" },
        { Good.Replace("includes: [", "includes:\u202f["), $"6:14: {LooksLikeSpace("U+202F")}" },
        { Good.Replace("includes:", "includes\u2009:"), $"6:13: {LooksLikeSpace("U+2009")}" },
        { Good.Replace("policy: p", "policy:\u205fp"), $"1:8: {LooksLikeSpace("U+205F")}" },
        { Good.Replace("policy: p", "pol\u1680icy: p"), $"1:4: {LooksLikeSpace("U+1680")}" },
        { $"{Good}    block: 0.8\u00a0\n", $"7:15: {LooksLikeSpace("U+00A0")}" },
        { $"{Good}    block: 0.8\u00a0# high\n", $"7:15: {LooksLikeSpace("U+00A0")}" },
        { $"{Good}\u2007\n    block: 0.8\n", $"7:1: {LooksLikeSpace("U+2007")}" },
        { Good.Replace("policy: p", "\"pol\u00a0icy\": p"), $"1:5: {LooksLikeSpace("U+00A0")}" },
        { Good.Replace("    includes", "   \u200dincludes"), "6:4: the character U+200D cannot be seen and may not stand here; replace it with a plain space, or delete it" },
        { Good.Replace("includes:", "includes\ufe0f:"), "6:13: the character U+FE0F cannot be seen and may not stand here; replace it with a plain space, or delete it" },
        { Good.Replace("    includes", "    \u3164includes"), "6:5: the character U+3164 cannot be seen and may not stand in a policy" },
    };

    public static TheoryData<string> HarmlessBlanks => new()
    {
        Good.Replace("kittens", "small\u00a0kittens"),
        Good.Replace("kittens", "\"\u00a0small kittens:\u00a0\""),
        Good.Replace("kittens", "'small\u3000- kittens'"),
        Good.Replace("kittens", "love \u2764\ufe0f"),
        Good.Replace("kittens", "\ud83d\udc69\u200d\ud83d\ude80"),
        $"# note\u00a0: a comment\r\n{Good.ReplaceLineEndings("\r\n")}    block: 0.8 # very\u00a0high\r\n",
        $"{Good}    protects: |\n      Cats\u00a0:\n      all of them\n",
    };

    public static TheoryData<string, string> NotYaml => new()
    {
        { Good.Replace("  - id: Sexual", "\t- id: Sexual"), "4:1: not valid YAML: a tab indents this line; indent with spaces (while scanning a mapping, found invalid tab as indentation)" },
        { Good.Replace("    includes", "\tincludes"), "6:1: not valid YAML: a tab indents this line; indent with spaces (while scanning a plain scalar, found a tab character that violate indentation)" },
        { Good.Replace("[cats, kittens]", "\n      - cats\n        - kittens"), "8:9: this line begins with '-', but its indentation makes it part of the text above; align it with the '-' of that text" },
        { Good.Replace("kittens]", "kittens"), "7:1: not valid YAML: the list that began with '[' is not closed before this place, or a ',' is missing (while parsing a flow sequence, did not find expected ',' or ']')" },
        { $"{Header}categories: [{{id: Sexual]\n", "3:25: not valid YAML: the mapping that began with '{' is not closed before this place, or a ',' is missing (while parsing a flow mapping, did not find expected ',' or '}')" },
        { Good.Replace("policy: p", "policy: p: q"), "1:10: not valid YAML: a second ':' in one text; put text that contains ': ' in quotes, or mend the indentation or a ':' missing above (while scanning a plain scalar value, found invalid mapping)" },
        { Good.Replace("version: \"1\"", "version: \"1"), "2:10: not valid YAML: the indentation of this line fits nothing above it, or a ':' or a quotation mark is missing (while scanning a multi-line double-quoted scalar, found wrong indentation)" },
        { Good.Replace("policy: p", "policy: %p"), "1:9: not valid YAML: text that begins with this character needs quotes (while scanning for the next token, found character that cannot start any token)" },
        { "policy: \"p", "1:9: not valid YAML: the quotation that begins here is not closed (while scanning a quoted scalar, found unexpected end of stream)" },
        { "a: {b: c\nd: e\n", "1:6: not valid YAML: what begins here or before, such as '{', '[', ':' or a quotation, is not ended as it should be" },
    };

    [Theory]
    [MemberData(nameof(UnknownWords))]
    [MemberData(nameof(DuplicatesAndGaps))]
    [MemberData(nameof(Thresholds))]
    [MemberData(nameof(WrongTypes))]
    [MemberData(nameof(NotForPolicies))]
    [MemberData(nameof(LookAlikes))]
    [MemberData(nameof(NotYaml))]
    public void A_mistake_is_named_once_with_its_place_and_the_way_to_mend_it(string text, string error)
    {
        PolicyException exception = Assert.Throws<PolicyException>(() => SafetyPolicy.Parse(text, "policy.yaml"));
        Assert.Equal($"policy.yaml:{error}", exception.Message);
        Assert.Equal(error, $"{exception.Line}:{exception.Column}: {Assert.Single(exception.Errors).Message}");
    }

    [Theory]
    [MemberData(nameof(HarmlessBlanks))]
    public void A_blank_inside_a_text_or_a_comment_is_no_mistake(string text) => Assert.Equal(2, SafetyPolicy.Parse(text).Categories.Count);

    [Fact]
    public void All_mistakes_are_listed_in_the_order_of_the_text()
    {
        string text = $"polcy: p\nversion: \"1\"\nonFailure: blok\ncategories:\n  - id: Sexuel\n  - id: cats\n    includes: []\n    block: 90\n";
        PolicyException exception = Assert.Throws<PolicyException>(() => SafetyPolicy.Parse(text, "a/b.yaml"));
        Assert.Equal(
            """
            a/b.yaml:1:1: unknown key 'polcy'; did you mean 'policy'?
            a/b.yaml:3:12: 'blok' is not a decision for 'onFailure'; did you mean 'block'?
            a/b.yaml:5:9: unknown category id 'Sexuel'; did you mean 'Sexual'? (an own category needs an id less like a built-in one)
            a/b.yaml:7:15: category 'cats' is empty; 'includes' needs at least one phrase
            a/b.yaml:8:12: category 'cats': block threshold 90 is not above 0 and at most 1; 90 % is written 0.9
            """.ReplaceLineEndings("\n"),
            exception.Message);
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("\r")]
    [InlineData("\n")]
    public void Places_count_every_kind_of_line_end(string lineEnd)
    {
        string text = Good.Replace("kittens", "12").ReplaceLineEndings(lineEnd);
        Assert.Equal((6, 22), PlaceOf(text));
        Assert.Equal((6, 22), PlaceOf($"\uFEFF{text}"));
    }

    [Fact]
    public void A_mistake_in_code_names_the_policy_instead_of_a_place()
    {
        PolicyException exception = Assert.Throws<PolicyException>(() => SafetyPolicy.Define("shop", "1")
            .Category("Sexuel", category => category.Includes("nudity"))
            .Category("cats", category => category.Includes("cats").ReviewAt(double.NaN))
            .WhenNotAssessed((Decision)7)
            .Build());
        Assert.Equal(
            [
                "'shop': 7 is not a decision",
                "'shop': unknown category id 'Sexuel'; did you mean 'Sexual'? (an own category needs an id less like a built-in one)",
                "'shop': category 'cats': review threshold NaN is not above 0 and at most 1",
            ],
            exception.Message.Split('\n'));
        Assert.Equal((0, 0), (exception.Line, exception.Column));
    }

    private static (int Line, int Column) PlaceOf(string text)
    {
        PolicyException exception = Assert.Throws<PolicyException>(() => SafetyPolicy.Parse(text));
        return (exception.Line, exception.Column);
    }

    private static string LooksLikeSpace(string name) => $"the character {name} looks like a space but is none and may not stand here; replace it with a plain space, or delete it";
}
