using SafeVision.Policies;

namespace SafeVision.Tests.Policies;

public sealed class HarmCategoryTests
{
    public static TheoryData<string> Ids => [.. HarmCategory.All.Select(category => category.Id)];

    [Fact]
    public void The_nine_harms_of_the_paper_are_built_in() =>
        Assert.Equal(
            ["Hate_Humiliation_Harassment", "Violence_Harm_Cruelty", "Sexual", "Criminal_Planning", "Weapons_Substance_Abuse", "Self_Harm", "Animal_Cruelty", "Disasters_Emergencies", "Political"],
            HarmCategory.All.Select(category => category.Id));

    [Theory]
    [MemberData(nameof(Ids))]
    public void A_definition_says_whom_it_protects_what_it_includes_and_what_it_does_not(string id)
    {
        Assert.True(HarmCategory.TryParse(id, out HarmCategory? harm));
        SafetyCategory definition = harm.Definition;
        Assert.NotEqual(definition.Id, definition.Name);
        Assert.EndsWith(".", definition.Protects, StringComparison.Ordinal);
        Assert.InRange(definition.Includes.Count, 5, 12);
        Assert.InRange(definition.Excludes.Count, 3, 8);
        Assert.Null(definition.WhenNotAssessed);

        // Short phrases, as the engines compare them one by one.
        Assert.All(definition.Includes.Concat(definition.Excludes), phrase => Assert.InRange(phrase.Split(' ').Length, 1, 14));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void A_definition_is_itself_a_valid_category(string id)
    {
        Assert.True(HarmCategory.TryParse(id.ToLowerInvariant(), out HarmCategory? harm));
        SafetyCategory rebuilt = SafetyCategory.Define("own.copy", category => category
            .Named(harm.Definition.Name).Protects(harm.Definition.Protects).Includes(harm.Definition.Includes).Excludes(harm.Definition.Excludes));
        Assert.Equal(harm.Definition.Includes, rebuilt.Includes);
        Assert.Equal(harm.Definition.Excludes, rebuilt.Excludes);
        Assert.Equal(harm.Definition, SafetyCategory.Define(id, _ => { }));
    }

    [Fact]
    public void Safe_is_known_but_is_no_harm()
    {
        Assert.True(HarmCategory.TryParse("safe", out HarmCategory? safe));
        Assert.Same(HarmCategory.Safe, safe);
        Assert.DoesNotContain(HarmCategory.Safe, HarmCategory.All);
        Assert.NotEmpty(safe.Definition.Includes);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Sex")]
    [InlineData(" Sexual")]
    [InlineData("Self Harm")]
    public void No_other_spelling_is_a_built_in_category(string? id) => Assert.False(HarmCategory.TryParse(id, out _));
}
