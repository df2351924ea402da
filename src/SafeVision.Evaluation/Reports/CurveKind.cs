using System.Text.Json.Serialization;

namespace SafeVision.Evaluation.Reports;

/// <summary>What a curve's axes are.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<CurveKind>))]
public enum CurveKind
{
    /// <summary>False positive rate, recall.</summary>
    Roc,

    /// <summary>Recall, precision.</summary>
    PrecisionRecall,

    /// <summary>Mean score of a bin, share of positives in it.</summary>
    Reliability,
}
