using SafeVision.Policies;

namespace SafeVision.Cli;

/// <summary>The guardrail of commands that measure: <c>evaluate</c>, <c>tune</c> and <c>policy test</c>.</summary>
internal static class MeasuringGuardrail
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(10); // a busy machine must not change a number or fail a case

    public static IImageGuardrail Create(SafetyPolicy policy, ModelChoice? model, string provider) => ImageGuardrail.Create(builder =>
        ProviderOption.Apply(ModelChoice.Apply(builder.UsePolicy(policy).WithTimeout(s_timeout), model), provider));
}
