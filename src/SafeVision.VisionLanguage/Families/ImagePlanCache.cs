namespace SafeVision.VisionLanguage.Families;

/// <summary>
/// Keeps the plans of recently seen grids: a plan's text alone can be hundreds of kilobytes, and pictures of a few shapes come again
/// and again. Thread-safe.
/// </summary>
/// <param name="create">Makes the plan of a grid of so many columns and rows.</param>
internal sealed class ImagePlanCache(Func<int, int, ImagePlan> create)
{
    private const int Capacity = 32;

    private readonly Lock _lock = new();
    private readonly Dictionary<(int Columns, int Rows), LinkedListNode<((int Columns, int Rows) Grid, ImagePlan Plan)>> _nodes = [];
    private readonly LinkedList<((int Columns, int Rows) Grid, ImagePlan Plan)> _recent = new();

    public ImagePlan Get(int columns, int rows)
    {
        lock (_lock)
        {
            if (_nodes.TryGetValue((columns, rows), out LinkedListNode<((int Columns, int Rows) Grid, ImagePlan Plan)>? node))
            {
                _recent.Remove(node);
            }
            else
            {
                if (_nodes.Count == Capacity)
                {
                    _nodes.Remove(_recent.Last!.Value.Grid);
                    _recent.RemoveLast();
                }

                node = new(((columns, rows), create(columns, rows)));
                _nodes.Add((columns, rows), node);
            }

            _recent.AddFirst(node);
            return node.Value.Plan;
        }
    }
}
