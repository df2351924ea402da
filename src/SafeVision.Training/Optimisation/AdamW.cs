namespace SafeVision.Training.Optimisation;

/// <summary>Rates and limits of the optimiser.</summary>
public sealed class AdamWOptions
{
    /// <summary>Decay of the mean gradient; default 0.9.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the mean squared gradient; default 0.999.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root, after the bias correction; default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay; default 0.01.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Which tensors decay, by name; default <see cref="DecaysByName"/>.</summary>
    public Func<string, bool> Decays { get; init; } = DecaysByName;

    /// <summary>What a tensor's learning rate is multiplied by, by its name; default 1 for all.</summary>
    public Func<string, double> RateFactor { get; init; } = _ => 1;

    /// <summary>The largest norm of all gradients together; default 1.</summary>
    public double MaxNorm { get; init; } = 1;

    /// <summary>The stock trainer's rule: norms and biases do not decay; embeddings, low-rank matrices and new rows do.</summary>
    public static bool DecaysByName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return !name.EndsWith(".bias", StringComparison.Ordinal) && !name.Contains("norm", StringComparison.Ordinal);
    }
}

/// <summary>AdamW (Loshchilov and Hutter, arXiv 1711.05101): p ← p (1 - rate · decay), then p ← p - rate · m̂ / (√v̂ + ε). Its
/// whole state can be saved and loaded, so that a run that was stopped goes on bit for bit.</summary>
public sealed class AdamW : IDisposable
{
    private readonly AdamWOptions _options;
    private readonly SortedDictionary<string, (Tensor Value, Tensor Mean, Tensor Square)> _slots = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _steps = new(StringComparer.Ordinal);

    /// <summary>An optimiser of the given tensors.</summary>
    public AdamW(IReadOnlyDictionary<string, Tensor> trained, AdamWOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(trained);
        _options = options ?? new AdamWOptions();
        foreach ((string name, Tensor value) in trained)
        {
            _slots[name] = (value, zeros_like(value).detach().DetachFromDisposeScope(), zeros_like(value).detach().DetachFromDisposeScope());
            _steps[name] = 0;
        }
    }

    /// <summary>The running means of a tensor's gradient and of its square.</summary>
    internal (Tensor Mean, Tensor Square) Moments(string name) => (_slots[name].Mean, _slots[name].Square);

    /// <summary>Drops all gradients.</summary>
    public void Clear()
    {
        foreach ((Tensor value, _, _) in _slots.Values)
        {
            value.grad?.Dispose();
            value.grad = null;
        }
    }

    /// <summary>Scales all gradients down together where their norm is too large.</summary>
    /// <returns>The norm before.</returns>
    public double Clip()
    {
        using IDisposable still = no_grad();
        double squares = 0;
        foreach ((Tensor value, _, _) in _slots.Values)
        {
            using DisposeScope scope = NewDisposeScope(); // one tensor's numbers at a time: all together they would take as much as the weights
            if (value.grad is { } gradient)
            {
                squares += gradient.Squared().sum(ScalarType.Float64).ToDouble();
            }
        }

        double norm = Math.Sqrt(squares), factor = Math.Min(1, _options.MaxNorm / (norm + 1e-6));
        if (factor < 1)
        {
            foreach ((Tensor value, _, _) in _slots.Values)
            {
                using DisposeScope scope = NewDisposeScope();
                value.grad?.Scale(factor);
            }
        }

        return norm;
    }

    /// <summary>One step with the gradients that are there; a tensor without one is left alone.</summary>
    /// <param name="rate">The learning rate of this step; at 0 the moments still move.</param>
    public void Step(double rate)
    {
        using IDisposable still = no_grad();
        foreach ((string name, (Tensor value, Tensor mean, Tensor square)) in _slots)
        {
            using DisposeScope scope = NewDisposeScope();
            if (value.grad is not { } gradient)
            {
                continue;
            }

            int step = ++_steps[name];
            double own = rate * _options.RateFactor(name);
            if (_options.Decays(name))
            {
                value.Scale(1 - (own * _options.WeightDecay));
            }

            mean.Scale(_options.Beta1).AddScaled(gradient, 1 - _options.Beta1);
            square.Scale(_options.Beta2).AddScaled(gradient * gradient, 1 - _options.Beta2);
            Tensor root = square.Times(1 / (1 - Math.Pow(_options.Beta2, step))).sqrt_().Plus(_options.Epsilon);
            value.AddScaled(mean / root, -own / (1 - Math.Pow(_options.Beta1, step)));
        }
    }

    /// <summary>Writes values, moments and counters.</summary>
    public void Save(string path)
    {
        var tensors = new Dictionary<string, Tensor>();
        foreach ((string name, (Tensor value, Tensor mean, Tensor square)) in _slots)
        {
            (tensors[$"value.{name}"], tensors[$"mean.{name}"], tensors[$"square.{name}"]) = (value, mean, square);
        }

        SafetensorsWriter.Write(path, tensors, _steps.ToDictionary(entry => entry.Key, entry => entry.Value.ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }

    /// <summary>Puts back what <see cref="Save"/> wrote.</summary>
    /// <exception cref="CheckpointException">The file is unsound or of other tensors.</exception>
    public void Load(string path)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable still = no_grad();
        using CheckpointTensors file = CheckpointTensors.OpenFile(path);
        foreach ((string name, (Tensor value, Tensor mean, Tensor square)) in _slots)
        {
            foreach ((string role, Tensor target) in new[] { ("value", value), ("mean", mean), ("square", square) })
            {
                string stored = $"{role}.{name}";
                if (file.ShapeOf(stored)?.Select(size => (long)size).SequenceEqual(target.shape) != true)
                {
                    throw new CheckpointException($"{path}: has no '{stored}' of the shape [{string.Join(", ", target.shape)}]; it is of another run.");
                }

                target.copy_(file.ToTorch(stored));
            }

            _steps[name] = file.Metadata.TryGetValue(name, out string? text) && int.TryParse(text, out int step) && step >= 0
                ? step
                : throw new CheckpointException($"{path}: does not say how many steps '{name}' has taken.");
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach ((_, Tensor mean, Tensor square) in _slots.Values)
        {
            mean.Dispose();
            square.Dispose();
        }
    }
}

/// <summary>A linear rise from 0, then half a cosine down to 0 (the stock schedule).</summary>
/// <param name="Peak">The highest rate.</param>
/// <param name="WarmUp">Steps of the rise.</param>
/// <param name="Total">Steps in all.</param>
public sealed record LearningRate(double Peak, int WarmUp, int Total)
{
    /// <summary>The rate of a step, from 0: the first has rate 0 where there is a rise.</summary>
    public double At(int step) => Peak * Factor(step);

    /// <summary>The part of the peak that a step has.</summary>
    public double Factor(int step) => step < WarmUp
        ? (double)step / Math.Max(1, WarmUp)
        : Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * (step - WarmUp) / Math.Max(1, Total - WarmUp))));
}
