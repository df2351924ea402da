using System.Text.Json.Nodes;
using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Tests.Metrics;

public sealed class TextMetricsTests
{
    public static TheoryData<int> Pairs => [.. Enumerable.Range(0, MetricGolden.Text["pairs"]!.AsArray().Count)];

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_text_is_scored_as_by_rouge_score(int index)
    {
        JsonNode pair = MetricGolden.Text["pairs"]![index]!;
        (string hypothesis, string[] references) = (pair["hypothesis"]!.GetValue<string>(), pair["references"].Strings());
        Assert.Equal(pair["hypothesis_tokens"].Strings(), TextMetrics.Tokenize(hypothesis));
        for (int i = 0; i < references.Length; i++)
        {
            TextOverlap overlap = TextMetrics.RougeL(hypothesis, references[i]);
            pair["rouge_l"]![i]!.Matches("precision", overlap.Precision);
            pair["rouge_l"]![i]!.Matches("recall", overlap.Recall);
            pair["rouge_l"]![i]!.Matches("f1", overlap.F1);
        }
    }

    [Fact]
    public void A_text_that_never_ends_costs_bounded_time()
    {
        string endless = string.Concat(Enumerable.Repeat("knife gun ", 2_000_000));
        Assert.Equal(TextMetrics.LongestText, TextMetrics.Tokenize(endless).Count);
        Assert.Equal(1, TextMetrics.RougeL(endless, endless).F1);
    }
}
