using SafeVision.Policies;
using SafeVision.Training.Data;
using SafeVision.Training.Data.Drafting;

namespace SafeVision.Training.Tests.Data;

public class PolicyDraftingTests
{
    private const string Markdown = """
        # Storefront rules

        ## Weapons and parts
        Purpose: Buyers must not be offered arms.
        - firearms, and parts of them
        - knives shown as weapons
        Not included:
        - kitchen knives in use in a kitchen
        * toys that are plainly toys

        **Sexual**
        1. exposed genitals
        2) sexual acts
        Except for: statues; medical drawings
        """;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void Headings_and_bullets_become_a_policy_without_a_model()
    {
        SafetyPolicy policy = PolicyDrafting.Read(Markdown, "storefront").Policy;

        Assert.Equal(["Weapons_and_parts", "Sexual"], policy.Categories.Select(category => category.Id));
        Assert.Equal("Buyers must not be offered arms.", policy.Categories[0].Protects);
        Assert.Equal(["firearms, and parts of them", "knives shown as weapons"], policy.Categories[0].Includes);
        Assert.Equal(["kitchen knives in use in a kitchen", "toys that are plainly toys"], policy.Categories[0].Excludes);
        Assert.Equal(["exposed genitals", "sexual acts"], policy.Categories[1].Includes);
        Assert.Equal(["statues", "medical drawings"], policy.Categories[1].Excludes);
        Assert.Equal((Decision.Block, Decision.Review), (policy.OnFailure, policy.WhenNotAssessed));
    }

    [Theory]
    [InlineData("# Rules\n## Weapons\nBuyers must not be offered arms.\n- guns\n## Gambling\nNobody is to bet\n- dice", "Weapons: Buyers must not be offered arms. | Gambling: Nobody is to bet")]
    [InlineData("**Weapons**\nBuyers must not be offered arms\n- guns\n**Gambling**\n- dice", "Weapons: Buyers must not be offered arms | Gambling: ")]
    [InlineData("# Rules\nWeapons\n- guns\nGambling\n- dice", "Weapons:  | Gambling: ")]
    [InlineData("# Weapons\nBuyers must not be offered arms.\n- guns", "Weapons: Buyers must not be offered arms.")]
    [InlineData("# Weapons\nWho buys is spared\n- guns\n# Gambling\n- dice", "Weapons: Who buys is spared | Gambling: ")]
    public void A_line_between_a_heading_and_its_bullets_says_what_the_category_protects(string text, string expected) =>
        Assert.Equal(expected, string.Join(" | ", StructuredPolicyText.Read(text).Select(category => $"{category.Name}: {category.Protects}")));

    [Fact]
    public void The_papers_lines_become_a_policy()
    {
        SafetyPolicy policy = PolicyDrafting.Read(
            "{\"class\": \"<|Criminal_Planning|>\", \"content\": \"Core Value: All the images that depict crime. This class includes but is not limited to: - robbery and burglary. - forged documents\"}", "paper").Policy;

        SafetyCategory category = Assert.Single(policy.Categories);
        Assert.Equal(HarmCategory.Criminal_Planning.Id, category.Id);
        Assert.Equal(["robbery and burglary", "forged documents"], category.Includes);
        Assert.Equal("All the images that depict crime.", category.Protects);
    }

    [Theory]
    [InlineData("We do not want any weapons on our site, except for kitchen knives.", "no heading")]
    [InlineData("- a bullet\n# Weapons\n- guns", "line 1")]
    [InlineData("# Weapons\nNot included:\n- toys", "'Weapons'")]
    [InlineData("{\"class\": \"x\"}", "line 1")]
    [InlineData("# Weapons\n- knives\nIt includes bombs and grenades.\n# Drugs\n- pills", "line 3")]
    [InlineData("# Weapons\n- knives\nExcept kitchen knives", "line 3")]
    [InlineData("# Weapons\n- knives\n\n# Drugs\n- pills\n# weapons\n- bombs", "line 6: 'weapons' was a heading before, in line 1")]
    [InlineData("# Weapons\n- knives\n\n# Safe\n- cats", "line 4: the category 'Safe' is not valid: 'SAFE' means that an image belongs to no category")]
    [InlineData("{\"class\": \"<|Safe|>\", \"content\": \"All. This class includes but is not limited to: - cats\"}", "line 1: the category 'Safe'")]
    public void A_text_without_structure_is_refused_with_its_line(string text, string message) =>
        Assert.Contains(message, Assert.Throws<TrainingDataException>(() => PolicyDrafting.Read(text, "p")).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_model_is_told_what_is_wrong_with_its_answer_and_tries_again()
    {
        Queue<string> answers = new(
        [
            "Here is your policy.",
            "{\"categories\":[{\"id\":\"guns\",\"name\":\"Guns\",\"protects\":\"\",\"includes\":[],\"excludes\":[]}]}",
            "```json\n{\"categories\":[{\"id\":\"guns\",\"name\":\"Guns\",\"protects\":\"People.\",\"includes\":[\"firearms\"],\"excludes\":[\"toys\"]}]}\n```",
        ]);
        using var client = new ScriptedClient(_ => answers.Dequeue());

        PolicyDraft proposal = await PolicyDrafting.ReadAsync(client, "No guns, but toys are fine.", "shop", cancellationToken: Stop);

        Assert.Equal(["firearms"], Assert.Single(proposal.Policy.Categories).Includes);
        Assert.Equal(3, client.Prompts.Count);
        Assert.Contains("no JSON object", client.Prompts.ElementAt(1), StringComparison.Ordinal);
        Assert.Contains("includes", client.Prompts.ElementAt(2), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_can_change_what_categories_say_and_nothing_that_makes_a_policy_weaker()
    {
        SafetyPolicy current = SafetyPolicy.Define("shop", "3").Category("guns", category => category.Includes("firearms").ReviewAt(0.2).BlockAt(0.5))
            .OnFailure(Decision.Block).WhenNotAssessed(Decision.Block).Build();
        using var weaker = new ScriptedClient(_ => "{\"onFailure\":\"allow\",\"categories\":[{\"id\":\"guns\",\"name\":\"Guns\",\"protects\":\"\",\"includes\":[\"firearms\"],\"excludes\":[]}]}");
        using var client = new ScriptedClient(_ => "{\"categories\":[{\"id\":\"guns\",\"name\":\"Guns\",\"protects\":\"\",\"includes\":[\"firearms\",\"ammunition\"],\"excludes\":[]}]}");

        await Assert.ThrowsAsync<TrainingDataException>(() => PolicyDrafting.ReadAsync(weaker, "text", "shop", current, 1, Stop));
        PolicyDraft proposal = await PolicyDrafting.ReadAsync(client, "text", "shop", current, 1, Stop);

        Assert.Equal((0.2, 0.5), (proposal.Policy.Categories[0].ReviewAt, proposal.Policy.Categories[0].BlockAt));
        Assert.Equal((Decision.Block, Decision.Block), (proposal.Policy.OnFailure, proposal.Policy.WhenNotAssessed));
        Assert.Contains(proposal.Difference.Split('\n'), line => line.StartsWith('+') && line.Contains("ammunition", StringComparison.Ordinal));
        Assert.DoesNotContain(proposal.Difference.Split('\n'), line => line.StartsWith('-') && line.Contains("firearms", StringComparison.Ordinal));
    }
}
