using System.Text.Json;

namespace SafeVision.Cli.Tests;

/// <summary>Policies as people wrote them, in other languages, pasted from web pages, and with words that no model knows.</summary>
public sealed class FieldPoliciesTests
{
    [Theory]
    [InlineData("ar")]
    [InlineData("de")]
    [InlineData("es")]
    public async Task Words_of_another_language_are_not_covered(string language)
    {
        JsonElement policy = await ShowAsync($"policy-other-languages/{language}.yaml");
        Assert.All(policy.GetProperty("categories").EnumerateArray(), category => Assert.Equal("none", category.GetProperty("coverage").GetString()));
    }

    [Fact]
    public async Task Of_many_languages_only_words_that_are_english_too_are_covered()
    {
        JsonElement policy = await ShowAsync("policy-other-languages/langs.yaml");
        string[] covered = [.. Phrases(policy).Where(phrase => phrase.Coverage != "none").Select(phrase => phrase.Text).Distinct()];
        Assert.Equal(["alcohol", "hentai"], covered);
    }

    [Theory]
    [InlineData("policy-nbsp/nbsp.yaml", "5:1")]
    [InlineData("policy-nbsp/nbsp2.yaml", "6:8")]
    public async Task A_pasted_blank_is_named_with_its_place(string file, string place)
    {
        CommandRun run = await CommandRun.OfAsync("policy", "validate", PathOf(file));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains($":{place}: the character U+00A0", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_no_label_shows_is_not_covered_by_things_that_sound_alike()
    {
        (string Text, string Coverage, string[] Labels)[] phrases = Phrases(await ShowAsync("newcomer/words.yaml"));
        foreach (string none in new[] { "burning buildings", "wildfire", "crowds of people", "protests and demonstrations", "documents", "politicians", "presidents", "toy guns" })
        {
            Assert.Equal("none", phrases.Single(phrase => phrase.Text == none).Coverage);
        }

        string[] fire = phrases.Single(phrase => phrase.Text == "fire and flames").Labels;
        Assert.DoesNotContain(fire, label => label.Contains("flamingo", StringComparison.Ordinal) || label.Contains("salamander", StringComparison.Ordinal) || label.Contains("dome", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_exclude_takes_its_labels_away_and_one_without_labels_is_warned_of()
    {
        (string Text, string Coverage, string[] Labels)[] phrases = Phrases(await ShowAsync("newcomer/poodles.yaml"));
        Assert.Equal(["full", "full", "none"], phrases.Select(phrase => phrase.Coverage));
        CommandRun run = await CommandRun.OfAsync("policy", "validate", PathOf("newcomer/poodles.yaml"));
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("guide dogs", run.Output + run.Error, StringComparison.Ordinal);
    }

    private static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, "Fixtures", "field", file);

    private static async Task<JsonElement> ShowAsync(string file)
    {
        CommandRun run = await CommandRun.OfAsync("policy", "show", PathOf(file), "--format", "json");
        Assert.Equal(0, run.ExitCode);
        return run.Json();
    }

    private static (string Text, string Coverage, string[] Labels)[] Phrases(JsonElement policy) =>
    [
        .. policy.GetProperty("categories").EnumerateArray().SelectMany(category => category.GetProperty("phrases").EnumerateArray()).Select(phrase => (
            phrase.GetProperty("phrase").GetString()!,
            phrase.GetProperty("coverage").GetString()!,
            phrase.GetProperty("labels").EnumerateArray().Select(label => label.GetString()!).ToArray())),
    ];
}
