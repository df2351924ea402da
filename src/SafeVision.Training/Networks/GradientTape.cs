namespace SafeVision.Training.Networks;

/// <summary>Gradient checkpointing (Chen et al., arXiv 1604.06174): of each part of a network only its input is kept, and when
/// gradients are wanted the part is computed once more. Costs a second forward pass, saves the memory of all that lies between. The
/// gradients of a batch are those of one pass, bit for bit; only sums over several batches are added in another order.</summary>
internal sealed class GradientTape
{
    private readonly List<(Func<Tensor, Tensor> Part, Tensor Input, Tensor Output)> _parts = [];

    /// <summary>Computes a part of a network, and lets go of all but its output: what gradients need, libtorch keeps by itself.</summary>
    /// <param name="tape">Computes it once more when gradients are wanted; null: keeps what is in it, where something in it learns.</param>
    public static Tensor Through(GradientTape? tape, Tensor input, Func<Tensor, Tensor> part)
    {
        if (tape is not null && is_grad_enabled())
        {
            return tape.Run(input, part);
        }

        using DisposeScope scope = NewDisposeScope();
        return part(input).MoveToOuterDisposeScope();
    }

    private Tensor Run(Tensor input, Func<Tensor, Tensor> part)
    {
        Tensor output;
        using (no_grad())
        {
            using DisposeScope scope = NewDisposeScope();
            output = part(input).detach().MoveToOuterDisposeScope();
        }

        output.requires_grad = true;
        _parts.Add((part, input, output));
        return output;
    }

    /// <summary>Gradients of everything before the outputs, last part first; called after the loss's own backward pass.</summary>
    public void Backward()
    {
        for (int i = _parts.Count - 1; i >= 0; i--)
        {
            (Func<Tensor, Tensor> part, Tensor input, Tensor output) = _parts[i];
            using DisposeScope scope = NewDisposeScope();
            using Tensor? gradient = output.grad;
            if (gradient is not null)
            {
                Tensor again = part(input);
                if (again.requires_grad)
                {
                    again.backward([gradient]);
                }

                output.grad = null;
            }
        }

        _parts.Clear();
    }
}
