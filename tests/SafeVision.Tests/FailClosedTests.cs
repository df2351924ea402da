using CsCheck;
using SafeVision.Assessments;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests;

/// <summary>No way of failing ever ends in Allow, unless the policy itself says so.</summary>
public sealed class FailClosedTests
{
    private static readonly string[] Ids = ["alpha", "beta", "gamma"];

    private static SafetyPolicy Policy(Decision onFailure = Decision.Block, Decision whenNotAssessed = Decision.Review) => Ids
        .Aggregate(SafetyPolicy.Define("test", "1"), (builder, id) => builder.Category(id, category => category.Includes($"things of {id}")))
        .WhenNotAssessed(whenNotAssessed)
        .OnFailure(onFailure)
        .Build();

    /// <summary>Ways in which an engine can break.</summary>
    public enum Failure
    {
        Throws, ThrowsAsync, ThrowsCancelled, ThrowsOutOfMemory, Hangs, HangsDeaf, NoFrames, TooManyFrames, NullFrames,
        NoCategories, OtherCategories, NotANumber, Infinite, Negative, AboveOne, NotCovered, NullAssessment, NullFrame, MissingCategory,
    }

    [Fact]
    public void A_failure_of_an_engine_is_decided_by_onFailure_alone() =>
        Gen.Select(Gen.Enum<Failure>(), Gen.Enum<Decision>(), Gen.Enum<Decision>(), Gen.Int[0, 2])
            .SampleAsync(async (failure, onFailure, whenNotAssessed, position) =>
            {
                SafetyPolicy policy = Policy(onFailure, whenNotAssessed);
                await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
                    .UsePolicy(policy).UseEngine(_ => Broken(failure, position)).WithTimeout(TimeSpan.FromMilliseconds(100)));
                GuardrailResult result = await guardrail.CheckAsync(Pictures.Gray());
                return result.Failure is not null && result.Decision == onFailure && result.Findings.Count == 0;
            }, iter: 120, threads: 2);

    [Fact]
    public void No_failure_of_one_of_two_engines_reaches_allow_and_what_the_other_saw_stays() =>
        Gen.Select(Gen.Enum<Failure>(), Gen.Enum<Decision>(), Gen.Bool, Gen.Double[0, 1], Gen.Int[0, 2])
            .SampleAsync(async (failure, onFailure, brokenFirst, score, position) =>
            {
                ScriptedEngine sound = ScriptedEngine.Scoring(_ => score, _ => CoverageLevel.Partial), broken = Broken(failure, position);
                await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
                    .UsePolicy(Policy(onFailure, Decision.Allow)).WithTimeout(TimeSpan.FromMilliseconds(150))
                    .UseEngine(_ => brokenFirst ? broken : sound).UseEngine(_ => brokenFirst ? sound : broken));
                GuardrailResult result = await guardrail.CheckAsync(Pictures.Gray());
                if (result.Failure is not null)
                {
                    return failure is Failure.Hangs or Failure.HangsDeaf && result.Decision == onFailure;
                }

                Decision seen = score >= 0.8 ? Decision.Block : score >= 0.35 ? Decision.Review : Decision.Allow;
                bool asked = brokenFirst || score <= 0.8;
                return result.Decision == (asked && onFailure < seen ? onFailure : seen)
                    && result.Findings.All(finding => finding.Score == score && (finding.Failure is not null) == asked && finding.Failure?.Contains("failed", StringComparison.Ordinal) != false)
                    && result.Explanation.Contains("A model failed", StringComparison.Ordinal) == asked;
            }, iter: 150, threads: 2);

    [Fact]
    public async Task What_a_failed_engine_alone_covers_is_decided_by_onFailure_and_never_by_whenNotAssessed()
    {
        foreach (Decision onFailure in Enum.GetValues<Decision>())
        {
            ScriptedEngine sound = ScriptedEngine.Scoring(_ => 0, category => category.Id == "alpha" ? CoverageLevel.Full : CoverageLevel.None);
            await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
                .UsePolicy(Policy(onFailure, Decision.Allow)).UseEngine(_ => sound).UseEngine(_ => Broken(Failure.Throws, 0)));

            GuardrailResult result = await guardrail.CheckAsync(Pictures.Gray());

            Assert.Equal([Decision.Allow, onFailure, onFailure], result.Findings.Select(finding => finding.Decision));
            Assert.Equal([Verdict.Safe, Verdict.NotAssessed, Verdict.NotAssessed], result.Findings.Select(finding => finding.Verdict));
            Assert.Equal(onFailure, result.Decision);
        }
    }

    [Fact]
    public void No_undecodable_image_reaches_allow() =>
        Gen.Select(Gen.Byte.Array[0, 400], Gen.Enum<Decision>().Where(decision => decision != Decision.Allow))
            .SampleAsync(async (bytes, onFailure) =>
            {
                await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
                    .UsePolicy(Policy(onFailure)).UseEngine(_ => ScriptedEngine.Scoring(_ => 0)));
                GuardrailResult result = await guardrail.CheckAsync(ImageSource.FromBytes(bytes));
                return result.Decision == onFailure && result.Failure is not null;
            }, iter: 200, threads: 1);

    [Fact]
    public async Task A_decoder_that_throws_anything_is_a_failure()
    {
        foreach (Exception exception in new Exception[] { new InvalidOperationException("x"), new OutOfMemoryException(), new OperationCanceledException(), new AccessViolationException("x") })
        {
            await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
                .UsePolicy(Policy()).UseEngine(_ => ScriptedEngine.Scoring(_ => 0)).UseDecoder(new ThrowingDecoder(exception)));
            GuardrailResult result = await guardrail.CheckAsync(Pictures.Gray());
            Assert.Equal(Decision.Block, result.Decision);
            Assert.Equal(FailureReason.EngineError, result.Failure!.Reason);
        }
    }

    [Fact]
    public async Task A_decoder_that_gives_nothing_or_never_ends_is_a_failure()
    {
        TimeSpan ample = TimeSpan.FromMinutes(1);
        (Func<ValueTask<DecodedImage>> Decode, TimeSpan Timeout, FailureReason Reason)[] cases =
        [
            (() => ValueTask.FromResult<DecodedImage>(null!), ample, FailureReason.EngineError),
            (() => new ValueTask<DecodedImage>(new TaskCompletionSource<DecodedImage>().Task), TimeSpan.FromMilliseconds(50), FailureReason.TimedOut),
            (() => ValueTask.FromException<DecodedImage>(new ImageRejectedException(ImageRejectionReason.Truncated, "cut short")), ample, FailureReason.Truncated),
        ];
        foreach ((Func<ValueTask<DecodedImage>> decode, TimeSpan timeout, FailureReason reason) in cases)
        {
            IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
                .UsePolicy(Policy()).UseEngine(_ => ScriptedEngine.Scoring(_ => 0)).UseDecoder(new ScriptedDecoder(decode)).WithTimeout(timeout));
            GuardrailResult result = await guardrail.CheckAsync(Pictures.Gray());
            Assert.Equal((Decision.Block, reason), (result.Decision, result.Failure!.Reason));
            Assert.Contains("onFailure is block", result.Explanation, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_callers_cancellation_is_no_verdict()
    {
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(Policy()).UseEngine(_ => Broken(Failure.HangsDeaf, 0)));
        using var cancellation = new CancellationTokenSource(50);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => guardrail.CheckAsync(Pictures.Gray(), cancellation.Token));
    }

    [Fact]
    public async Task A_disposed_guardrail_throws()
    {
        IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(Policy()).UseEngine(_ => ScriptedEngine.Scoring(_ => 0)));
        await guardrail.CheckAsync(Pictures.Gray());
        await guardrail.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => guardrail.CheckAsync(Pictures.Gray()));
    }

    [Fact]
    public async Task A_deployment_that_is_broken_throws_instead_of_judging()
    {
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(Policy()).UseEngine(_ => new ScriptedEngine((_, _, _) => default)
        {
            OnCompile = _ => throw new ModelLoadException("the model is gone"),
        }));
        await Assert.ThrowsAsync<ModelLoadException>(() => guardrail.CheckAsync(Pictures.Gray()));
    }

    [Fact]
    public async Task Allow_on_failure_is_possible_only_when_the_policy_says_so()
    {
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(Policy(Decision.Allow)).UseEngine(_ => Broken(Failure.Throws, 0)));
        GuardrailResult result = await guardrail.CheckAsync(Pictures.Gray());
        Assert.Equal(Decision.Allow, result.Decision);
        Assert.NotNull(result.Failure);
    }

    private static ScriptedEngine Broken(Failure failure, int position) => new(async (policy, frames, token) =>
    {
        switch (failure)
        {
            case Failure.Throws: throw new InvalidOperationException("broken");
            case Failure.ThrowsAsync:
                await Task.Yield();
                throw new InvalidOperationException("broken");
            case Failure.ThrowsCancelled: throw new OperationCanceledException();
            case Failure.ThrowsOutOfMemory: throw new OutOfMemoryException();
            case Failure.Hangs:
                await Task.Delay(Timeout.Infinite, token);
                return [];
            case Failure.HangsDeaf:
                await Task.Delay(400, CancellationToken.None);
                return [.. frames.Select(_ => ScriptedEngine.Frame(policy, _ => 0))];
            case Failure.NoFrames: return [];
            case Failure.TooManyFrames: return [.. frames.Concat(frames).Select(_ => ScriptedEngine.Frame(policy, _ => 0))];
            case Failure.NullFrames: return null!;
            case Failure.NoCategories: return [.. frames.Select(_ => new FrameAssessment([]))];
            case Failure.OtherCategories: return [.. frames.Select(_ => new FrameAssessment([CategoryAssessment.Assessed("delta", 0, CoverageLevel.Full, "", Evidence.None)]))];
            case Failure.NullAssessment: return [.. frames.Select(_ => new FrameAssessment([null!, null!, null!]))];
            case Failure.NullFrame: return [.. frames.Select(_ => (FrameAssessment)null!)];
            case Failure.MissingCategory:
                return [.. frames.Select(_ => new FrameAssessment([.. ScriptedEngine.Frame(policy, _ => 0).Categories.Where(category => category.CategoryId != Ids[position])]))];
            default:
                double bad = failure switch { Failure.NotANumber => double.NaN, Failure.Infinite => double.PositiveInfinity, Failure.Negative => -0.1, Failure.AboveOne => 1.1, _ => 0 };
                return [.. frames.Select(_ => ScriptedEngine.Frame(
                    policy,
                    category => category.Id == Ids[position] ? bad : 0,
                    category => failure == Failure.NotCovered && category.Id == Ids[position] ? CoverageLevel.None : CoverageLevel.Full))];
        }
    });

    private sealed class ScriptedDecoder(Func<ValueTask<DecodedImage>> decode) : IImageDecoder
    {
        public ValueTask<DecodedImage> DecodeAsync(ImageSource source, ImageDecodeOptions options, CancellationToken cancellationToken) => decode();
    }

    private sealed class ThrowingDecoder(Exception exception) : IImageDecoder
    {
        public ValueTask<DecodedImage> DecodeAsync(ImageSource source, ImageDecodeOptions options, CancellationToken cancellationToken) => throw exception;
    }
}
