namespace SafeVision.Evaluation.Symbols.Icons;

/// <summary>One drawing of a set.</summary>
/// <param name="Set">The set's prefix.</param>
/// <param name="Id">Its id in the set.</param>
/// <param name="Body">The markup inside its svg element.</param>
/// <param name="Width">The view box's width.</param>
/// <param name="Height">The view box's height.</param>
internal sealed record Icon(string Set, string Id, string Body, float Width, float Height);
