using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Symbols.Icons;

namespace SafeVision.Evaluation.Symbols.Catalogue;

/// <summary>A drawing of a thing, and the split that may show it.</summary>
internal sealed record Symbol(Icon Icon, DatasetSplit Split);
