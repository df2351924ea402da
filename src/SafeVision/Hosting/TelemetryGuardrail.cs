using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace SafeVision.Hosting;

/// <summary>Reports every check to the <see cref="ActivitySource"/> and <see cref="Meter"/> named <c>SafeVision</c>: durations by
/// stage, decisions by category, failures by reason, fallbacks by provider. Never image data, names or explanations.</summary>
internal sealed class TelemetryGuardrail(IImageGuardrail inner, string name) : DelegatingGuardrail(inner)
{
    private static readonly ActivitySource Activities = new("SafeVision");
    private static readonly Meter Meter = new("SafeVision");
    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>("safevision.check.duration", "ms", "Time spent on one image, by stage.");
    private static readonly Counter<long> Decisions = Meter.CreateCounter<long>("safevision.decisions", "{decision}", "Decisions, by category.");
    private static readonly Counter<long> Failures = Meter.CreateCounter<long>("safevision.failures", "{image}", "Images that could not be judged, by reason.");
    private static readonly Counter<long> Fallbacks = Meter.CreateCounter<long>("safevision.fallbacks", "{image}", "Images judged on another provider than the first choice.");

    public override async Task<GuardrailResult> CheckAsync(ImageSource image, AssessOptions options, CancellationToken cancellationToken)
    {
        using Activity? activity = Activities.StartActivity("SafeVision.Check");
        GuardrailResult result;
        try
        {
            result = await Inner.CheckAsync(image, options, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            activity?.SetStatus(ActivityStatusCode.Error, exception.GetType().Name);
            throw;
        }

        activity?.SetTag("safevision.guardrail", name)
            .SetTag("safevision.decision", PolicyValueReader.Word(result.Decision))
            .SetTag("safevision.policy.hash", result.Provenance.PolicyHash)
            .SetTag("safevision.failure", result.Failure?.Reason.ToString());
        Record(result);
        return result;
    }

    private void Record(GuardrailResult result)
    {
        StageDurations durations = result.Provenance.Durations;
        if (Duration.Enabled)
        {
            Duration.Record(durations.QueueMilliseconds, new("stage", "queue"), new("guardrail", name));
            Duration.Record(durations.DecodeMilliseconds, new("stage", "decode"), new("guardrail", name));
            Duration.Record(durations.AssessMilliseconds, new("stage", "assess"), new("guardrail", name));
            Duration.Record(durations.DecideMilliseconds, new("stage", "decide"), new("guardrail", name));
            Duration.Record(durations.TotalMilliseconds, new("stage", "total"), new("guardrail", name));
        }

        if (Decisions.Enabled)
        {
            foreach (Finding finding in result.Findings)
            {
                Decisions.Add(1, new("category", finding.Category), new("decision", PolicyValueReader.Word(finding.Decision)), new("guardrail", name));
            }
        }

        if (result.Failure is { } failure)
        {
            Failures.Add(1, new("reason", failure.Reason.ToString()), new("guardrail", name));
        }

        for (int i = 0; i < result.Provenance.Models.Count; i++)
        {
            if (result.Provenance.Models[i] is { Fallback: not null } model)
            {
                Fallbacks.Add(1, new("model", model.Model), new("provider", model.Provider));
            }
        }
    }
}
