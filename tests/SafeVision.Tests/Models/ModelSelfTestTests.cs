using SafeVision.Inference;
using SafeVision.Models;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Models;

public sealed class ModelSelfTestTests
{
    [Fact]
    public async Task A_guardrail_judges_on_after_the_model_that_it_runs_was_examined_in_the_same_process()
    {
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(DefaultGuardrail.Forbidding("cats")).UseDefaultModels());
        await guardrail.WarmUpAsync(TestContext.Current.CancellationToken);

        Assert.True((await ModelSelfTest.RunAsync(DefaultModels.Objects, new ExecutionOptions(), TestContext.Current.CancellationToken)).IsSound);

        GuardrailResult result = await guardrail.CheckAsync(Photos.Cat, TestContext.Current.CancellationToken);
        Assert.Null(result.Failure);
        Assert.Equal(Decision.Block, result.Decision);
    }
}
