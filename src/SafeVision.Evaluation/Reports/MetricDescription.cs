namespace SafeVision.Evaluation.Reports;

/// <summary>What a metric is, whatever its value.</summary>
/// <param name="Name">The name that reports store: camelCase, such as <c>rocAuc</c>.</param>
/// <param name="Title">What a page calls it.</param>
/// <param name="Group">Which part of a report it stands in.</param>
/// <param name="Unit">What its number is.</param>
/// <param name="HigherIsBetter">Whether more is better; null where neither is.</param>
/// <param name="Meaning">One sentence for a moderator.</param>
public sealed record MetricDescription(string Name, string Title, MetricGroup Group, MetricUnit Unit, bool? HigherIsBetter, string Meaning);
