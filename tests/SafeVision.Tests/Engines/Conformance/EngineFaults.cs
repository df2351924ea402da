using CsCheck;
using SafeVision.Inference;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Engines.Conformance;

/// <summary>No damage to a model's folder reaches Allow: it is an error of the deployment, or what the policy says of failures and
/// of what was not assessed. The same property runs over each engine, unchanged.</summary>
public abstract class EngineFaults
{
    /// <summary>Ways in which any file can be damaged.</summary>
    public enum Damage
    {
        Missing, Empty, CutShort, Text, Folder,
    }

    /// <summary>The folder of a sound model.</summary>
    protected abstract string Sound { get; }

    /// <summary>Damage of the engine's own kind: what is well-formed and yet no model that can judge.</summary>
    protected abstract IReadOnlyList<Action<string>> Unsound { get; }

    /// <summary>Adds the engine under test with the model of a folder.</summary>
    protected abstract ImageGuardrailBuilder Use(ImageGuardrailBuilder builder, string folder);

    [Fact]
    public async Task No_damaged_file_reaches_allow_unless_the_model_judges_without_it_as_before()
    {
        double?[] sound = (await JudgeAsync(Sound, Everything(Decision.Block, Decision.Review)))!.Findings.Select(finding => finding.Score).ToArray();
        string[] files = [.. Directory.EnumerateFiles(Sound, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Sound, file)).Order(StringComparer.Ordinal)];
        await Gen.Select(Gen.Int[0, files.Length - 1], Gen.Enum<Damage>(), Gen.Double[0, 1], NotAllow, NotAllow).SampleAsync(
            async (file, damage, place, onFailure, whenNotAssessed) =>
            {
                using TemporaryFolder folder = new TemporaryFolder().Copy(Sound);
                Apply(damage, Path.Combine(folder.Path, files[file]), place);
                GuardrailResult? result = await JudgeAsync(folder.Path, Everything(onFailure, whenNotAssessed));
                return IsClosed(result, onFailure, whenNotAssessed) || result!.Findings.Select(finding => finding.Score).SequenceEqual(sound);
            },
            iter: 80, threads: 1, print: value => $"{files[value.Item1]} {value}");
    }

    [Fact]
    public async Task No_unsound_model_reaches_allow()
    {
        for (int i = 0; i < Unsound.Count; i++)
        {
            using TemporaryFolder folder = new TemporaryFolder().Copy(Sound);
            Unsound[i](folder.Path);
            foreach ((Decision onFailure, Decision whenNotAssessed) in new[] { (Decision.Block, Decision.Review), (Decision.Review, Decision.Block) })
            {
                GuardrailResult? result = await JudgeAsync(folder.Path, Everything(onFailure, whenNotAssessed));
                Assert.True(IsClosed(result, onFailure, whenNotAssessed), $"Fault {i}: {result?.Explanation}");
            }
        }
    }

    private static Gen<Decision> NotAllow { get; } = Gen.Enum<Decision>().Where(decision => decision != Decision.Allow);

    /// <summary>A policy that allows whatever is assessed at all, so that nothing but a fault keeps a picture from being allowed.</summary>
    private static SafetyPolicy Everything(Decision onFailure, Decision whenNotAssessed) => SafetyPolicy.Define("everything", "1")
        .Category(HarmCategory.Weapons_Substance_Abuse.Definition.Customize(change => change.Includes("rifles").Excludes().ReviewAt(1).BlockAt(1)))
        .OnFailure(onFailure)
        .WhenNotAssessed(whenNotAssessed)
        .Build();

    /// <summary>Null: the deployment was refused, with a message for whoever deployed it.</summary>
    private async Task<GuardrailResult?> JudgeAsync(string folder, SafetyPolicy policy)
    {
        try
        {
            await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => Use(builder.UsePolicy(policy).WithTimeout(TimeSpan.FromMinutes(5)), folder));
            await guardrail.WarmUpAsync(TestContext.Current.CancellationToken);
            return await guardrail.CheckAsync(Pictures.Gray(), TestContext.Current.CancellationToken);
        }
        catch (Exception exception) when (exception is ModelLoadException or ExecutionProviderException)
        {
            Assert.True(exception.Message.Length > 20, exception.Message);
            return null;
        }
    }

    private static bool IsClosed(GuardrailResult? result, Decision onFailure, Decision whenNotAssessed) => result is null
        || (result.Failure is not null
            ? result.Decision == onFailure && result.Findings.Count == 0
            : result.Findings.All(finding => finding.Failure is not null) ? result.Decision == onFailure // one engine of several failed
            : result.Findings.All(finding => finding is { Verdict: Verdict.NotAssessed, Coverage: Assessments.CoverageLevel.None }) && result.Decision == whenNotAssessed);

    private static void Apply(Damage damage, string file, double place)
    {
        byte[] bytes = File.ReadAllBytes(file);
        File.Delete(file);
        switch (damage)
        {
            case Damage.Missing:
                break;
            case Damage.Empty:
                File.WriteAllBytes(file, []);
                break;
            case Damage.CutShort:
                File.WriteAllBytes(file, bytes[..(int)(place * (bytes.Length - 1))]);
                break;
            case Damage.Text:
                File.WriteAllText(file, "this is neither JSON nor a graph");
                break;
            default:
                Directory.CreateDirectory(file);
                break;
        }
    }
}
