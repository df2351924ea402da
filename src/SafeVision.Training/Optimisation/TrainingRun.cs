namespace SafeVision.Training.Optimisation;

/// <summary>What one step did.</summary>
/// <param name="Step">From 0.</param>
/// <param name="Rate">The learning rate.</param>
/// <param name="Loss">The mean over the micro-batches.</param>
/// <param name="Norm">The gradients' norm before clipping.</param>
public sealed record StepRecord(int Step, double Rate, double Loss, double Norm);

/// <summary>Steps of training: each takes some micro-batches, adds their gradients up, clips once and moves the weights. Saved
/// between steps, a run goes on bit for bit.</summary>
public sealed class TrainingRun : IDisposable
{
    private readonly AdamW _optimiser;
    private readonly LearningRate _rate;

    /// <summary>A run over the given tensors.</summary>
    public TrainingRun(IReadOnlyDictionary<string, Tensor> trained, LearningRate rate, AdamWOptions? options = null) =>
        (_optimiser, _rate) = (new AdamW(trained, options), rate);

    /// <summary>The next step's number, from 0.</summary>
    public int Step { get; private set; }

    /// <summary>Takes one step.</summary>
    /// <param name="losses">Computes the loss of each micro-batch; called one after the other, each graph freed before the next.</param>
    /// <param name="backward">Computes the gradients of a loss; null: the loss does it.</param>
    /// <exception cref="InvalidOperationException">A loss is not finite; the weights are as before the step.</exception>
    public StepRecord Take(IReadOnlyList<Func<Tensor>> losses, Action<Tensor>? backward = null)
    {
        ArgumentNullException.ThrowIfNull(losses);
        _optimiser.Clear();
        double sum = 0;
        foreach (Func<Tensor> compute in losses)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor loss = compute();
            double value = loss.ToDouble();
            if (!double.IsFinite(value))
            {
                throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"The loss of step {Step} is {value}; a lower learning rate, or a look at the batch, is needed."));
            }

            sum += value;
            (backward ?? (scaled => scaled.backward()))(loss.Times(1.0 / losses.Count));
        }

        var record = new StepRecord(Step, _rate.At(Step), sum / losses.Count, _optimiser.Clip());
        _optimiser.Step(record.Rate);
        _optimiser.Clear();
        Step++;
        return record;
    }

    /// <summary>Writes all that the run needs to go on.</summary>
    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        string name = FileOf(Step), pointer = Path.Combine(folder, "run.json");
        _optimiser.Save(Path.Combine(folder, name));
        WholeFile.Write(pointer, JsonSerializer.Serialize(new Dictionary<string, object> { ["step"] = Step, ["state"] = name })); // the old state stays whole until the new one is
        foreach (string old in Directory.EnumerateFiles(folder, "step-*.safetensors").Where(path => Path.GetFileName(path) != name))
        {
            File.Delete(old);
        }
    }

    /// <summary>Goes on where <see cref="Save"/> was called.</summary>
    /// <exception cref="TrainingException">The state was not written by <see cref="Save"/>, or was changed since.</exception>
    /// <exception cref="Conversion.CheckpointException">The tensors are unsound, or of another run.</exception>
    public void Load(string folder)
    {
        int step = StepIn(folder);
        _optimiser.Load(Path.Combine(folder, FileOf(step)));
        Step = step;
    }

    /// <summary>The step that a saved state goes on with.</summary>
    /// <exception cref="TrainingException">The state was not written by <see cref="Save"/>, or was changed since.</exception>
    internal static int StepIn(string folder)
    {
        string path = Path.Combine(folder, "run.json");
        try
        {
            using JsonDocument pointer = JsonDocument.Parse(File.ReadAllBytes(path));
            int step = pointer.RootElement.GetProperty("step").GetInt32();
            return step >= 0 && pointer.RootElement.GetProperty("state").GetString() == FileOf(step) && File.Exists(Path.Combine(folder, FileOf(step))) ? step
                : throw new TrainingException($"{path}: names a state that is not there, or is of another step. Remove the folder '{folder}' to begin at the first step.");
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new TrainingException($"{path}: can't be read. Remove the folder '{folder}' to begin at the first step. {exception.Message}", exception);
        }
    }

    private static string FileOf(int step) => $"step-{step.ToString(CultureInfo.InvariantCulture)}.safetensors";

    /// <inheritdoc />
    public void Dispose() => _optimiser.Dispose();
}
