using SafeVision.Assessments;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Symbols;
using SafeVision.Imaging;
using SafeVision.Policies;
using SafeVision.Tests;
using SafeVision.VisionLanguage;

namespace SafeVision.Training.Tests;

/// <summary>The SafeVision-Nano that ships: it answers the samples with reasons, follows what the policy says, and does not guess.</summary>
public sealed class NanoModelTests : IAsyncLifetime
{
    private IImageGuardrail _guardrail = null!;

    public ValueTask InitializeAsync()
    {
        _guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(Forbids("daggers", "bombs")).UseNano());
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _guardrail.DisposeAsync();

    [Theory]
    [InlineData("bomb-and-cat.png", "bombs", "bomb")]
    [InlineData("cigarette-and-bus.png", "cigarettes", "cigarette")]
    [InlineData("balloon-and-dog.png", "dogs", "dog")]
    [InlineData("slot-machine.png", "slot machines", "slot machine")]
    public async Task A_sample_is_blocked_for_what_it_shows_with_its_name_and_allowed_once_the_policy_names_something_else(string image, string forbidden, string named)
    {
        ImageSource source = ImageSource.FromFile(Repository.PathOf($"samples/Nano/images/{image}"));
        await _guardrail.UpdatePolicyAsync(Forbids(forbidden, "hammers"), TestContext.Current.CancellationToken);
        GuardrailResult blocked = await _guardrail.CheckAsync(source, TestContext.Current.CancellationToken);
        Assert.NotEqual(Decision.Allow, blocked.Decision);
        Assert.StartsWith(named, blocked.Findings.Single().Evidence.Words, StringComparison.Ordinal);

        await _guardrail.UpdatePolicyAsync(Forbids("umbrellas", "hammers"), TestContext.Current.CancellationToken);
        Assert.Equal(Decision.Allow, (await _guardrail.CheckAsync(source, TestContext.Current.CancellationToken)).Decision);
    }

    [Fact]
    public async Task Words_that_it_never_learnt_are_not_assessed_and_so_reviewed()
    {
        await _guardrail.UpdatePolicyAsync(Forbids("blorples"), TestContext.Current.CancellationToken);
        GuardrailResult result = await _guardrail.CheckAsync(ImageSource.FromFile(Repository.PathOf("samples/Nano/images/bomb-and-cat.png")), TestContext.Current.CancellationToken);
        Assert.Equal(Verdict.NotAssessed, result.Findings.Single().Verdict);
        Assert.Equal(Decision.Review, result.Decision);
    }

    [Theory]
    [InlineData("mammals, except cats", "", CoverageLevel.Partial, false, true)]
    [InlineData("mammals but not dogs", "", CoverageLevel.Partial, true, false)]
    [InlineData("cats, dogs, and bombs", "", CoverageLevel.Full, true, true)]
    [InlineData("no-entry signs & bombs", "", CoverageLevel.Full, false, false)]
    [InlineData("anything but cats, dogs or buses", "", CoverageLevel.None, false, false)]
    [InlineData("mammals except cats, dogs", "", CoverageLevel.None, false, false)] // the dogs may be on either side
    [InlineData("cats", "toy dogs and cats", CoverageLevel.Partial, true, false)] // toy cats, perhaps
    [InlineData("mammals", "dogs and cats", CoverageLevel.Partial, false, false)]
    public async Task A_list_forbids_what_it_says_and_an_exception_takes_away_no_more_than_it_names(string include, string exclude, CoverageLevel level, bool cats, bool dogs)
    {
        await _guardrail.UpdatePolicyAsync(
            SafetyPolicy.Define("drawings", "1").Category("forbidden", category => category.Includes(include).Excludes(exclude.Length > 0 ? [exclude] : [])).Build(), TestContext.Current.CancellationToken);
        CategoryCoverage covered = _guardrail.Status.Coverage!.Single();
        string[] excluded = [.. covered.Phrases.Where(phrase => phrase.Role == PhraseRole.Exclude).SelectMany(phrase => phrase.Labels)];
        string[] judged = [.. covered.Phrases.Where(phrase => phrase.Role == PhraseRole.Include).SelectMany(phrase => phrase.Labels).Except(excluded)];
        Assert.Equal((level, cats, dogs), (covered.Level, judged.Contains("cat"), judged.Contains("dog")));
        GuardrailResult result = await _guardrail.CheckAsync(ImageSource.FromFile(Repository.PathOf("samples/Nano/images/bomb-and-cat.png")), TestContext.Current.CancellationToken);
        Assert.Equal(cats && level != CoverageLevel.None, result.Findings.Single().Evidence?.Words?.StartsWith("cat", StringComparison.Ordinal) ?? false);
    }

    /// <summary>Half of the policies forbid what a scene shows, half differ from those by that name alone; always "safe" is right in half, and flips never.</summary>
    [Fact]
    public async Task Policies_about_drawings_of_a_set_that_it_never_saw_are_followed()
    {
        const int Count = 60;
        string[] known = [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "models", "nano", "safevision-words.tsv")).Skip(1).Select(line => line.Split('\t')).Where(row => row[1] == "name").Select(row => row[0])];
        using var all = SymbolScenes.Create(new SymbolSceneOptions { Split = DatasetSplit.None, Sets = ["noto"] });
        string[] names = [.. all.Names.Intersect(known)];
        using var scenes = SymbolScenes.Create(new SymbolSceneOptions { Seed = 77, Split = DatasetSplit.None, Sets = ["noto"], Names = names });
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(Forbids("bombs")).UseNano(options => options.Mode = VisionLanguageMode.Fast));
        var random = new Random(5);
        int right = 0, flips = 0;
        for (int i = 0; i < Count; i++)
        {
            SymbolScene scene = scenes.Draw(i);
            string[] absent = [.. names.Except(scene.Symbols.Select(symbol => symbol.Name)).OrderBy(_ => random.Next()).Take(4)];
            bool forbids = await Judges([scene.Symbols[0].Name, .. absent[1..]]), allows = await Judges(absent);
            right += (forbids ? 1 : 0) + (allows ? 0 : 1);
            flips += forbids && !allows ? 1 : 0;

            async Task<bool> Judges(string[] words)
            {
                await guardrail.UpdatePolicyAsync(Forbids(words), TestContext.Current.CancellationToken);
                GuardrailResult result = await guardrail.CheckAsync(ImageSource.FromPixels(scene.Pixels, scene.Size, scene.Size, PixelFormat.Rgb24), TestContext.Current.CancellationToken);
                return result.Findings.Single().Score > 0.5;
            }
        }

        Assert.True(right >= 0.75 * 2 * Count && flips >= 0.55 * Count, $"{right} of {2 * Count} verdicts right, {flips} of {Count} flipped");
    }

    private static SafetyPolicy Forbids(params string[] words) => SafetyPolicy.Define("drawings", "1").Category("forbidden", category => category.Includes(words).ReviewAt(0.5).BlockAt(0.8)).Build();
}
