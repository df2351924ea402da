namespace SafeVision.VisionLanguage.Templates;

/// <summary>A loop over the items that meet its condition.</summary>
internal sealed class TemplateForLoop(
    List<string> names, TemplateExpression items, TemplateExpression? condition, TemplateStatement body, TemplateStatement? otherwise)
{
    public TemplateFlow Render(TemplateRun run)
    {
        TemplateScope outer = run.Scope;
        int line = run.Line;
        IReadOnlyList<object?> all = Chosen(run, TemplateValues.Items(run, items(run)));
        for (int i = 0; i < all.Count; i++)
        {
            run.Spend(1);
            run.Line = line;
            run.Scope = new TemplateScope(outer);
            TemplateValues.Bind(run, run.Scope, names, all[i]);
            run.Scope.Set("loop", new TemplateLoop(all, i));
            TemplateFlow flow = body(run);
            run.Scope = outer;
            if (flow == TemplateFlow.Break)
            {
                break;
            }
        }

        return all.Count == 0 && otherwise is not null ? otherwise(run) : TemplateFlow.Next;
    }

    private IReadOnlyList<object?> Chosen(TemplateRun run, IReadOnlyList<object?> all)
    {
        if (condition is null)
        {
            return all;
        }

        TemplateScope outer = run.Scope;
        var chosen = new List<object?>();
        foreach (object? item in all)
        {
            run.Spend(1);
            run.Scope = new TemplateScope(outer);
            TemplateValues.Bind(run, run.Scope, names, item);
            if (TemplateValues.IsTrue(condition(run)))
            {
                chosen.Add(item);
            }
        }

        run.Scope = outer;
        return chosen;
    }
}
