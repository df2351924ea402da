namespace SafeVision.Training.Runs;

/// <summary>What a run learns from.</summary>
public enum TrainingObjective
{
    /// <summary>Right answers (<see cref="SupervisedObjective"/>).</summary>
    Sft,

    /// <summary>Pairs of a right answer and the model's own mistake (<see cref="PreferenceObjective"/>).</summary>
    Dpo,

    /// <summary>Rewards of the model's own answers that can be checked (<see cref="GroupObjective"/>).</summary>
    Grpo,
}

/// <summary>What products of matrices are computed in.</summary>
public enum TrainingPrecision
{
    /// <summary>bfloat16 on a GPU, float32 elsewhere.</summary>
    Auto,

    /// <summary>float32.</summary>
    Fp32,

    /// <summary>bfloat16, with sums, norms, losses and what is trained in float32.</summary>
    Bf16,
}

/// <summary>All that decides what a run of training does. The same options, files and machine give the same weights.</summary>
public sealed record TrainingOptions
{
    /// <summary>The folder of a checkpoint in safetensors.</summary>
    public required string Model { get; init; }

    /// <summary>The folder of a <see cref="Data.TrainingDataset"/>.</summary>
    public required string Data { get; init; }

    /// <summary>The run's folder: made where it is missing, gone on with where this same run was stopped.</summary>
    public required string Output { get; init; }

    /// <summary>The policy file of samples that name none, whose categories get tokens; null: samples name their own.</summary>
    public string? Policy { get; init; }

    /// <summary>A JSON file with the ids of training samples that are left out; null: none.</summary>
    public string? Excluded { get; init; }

    /// <summary>Whether the test split is judged, before and after; default true.</summary>
    public bool MeasuresTest { get; init; } = true;

    /// <summary>Default: right answers.</summary>
    public TrainingObjective Objective { get; init; }

    /// <summary>Low-rank matrices are trained; null: all of the language model and the projector.</summary>
    public LowRankOptions? Adapter { get; init; }

    /// <summary>Whether the vision tower is trained too, without an adapter; default false.</summary>
    public bool TrainsVision { get; init; }

    /// <summary>How often every sample is seen; default 1.</summary>
    public double Epochs { get; init; } = 1;

    /// <summary>Steps of the optimiser in place of <see cref="Epochs"/>; null: as many as those need.</summary>
    public int? Steps { get; init; }

    /// <summary>Samples computed at once; default 2.</summary>
    public int Rows { get; init; } = 2;

    /// <summary>Batches of <see cref="Rows"/> in a step; default 4.</summary>
    public int Accumulation { get; init; } = 4;

    /// <summary>The highest learning rate; null: 1e-4 with an adapter, 2e-5 without; a tenth of it for dpo and grpo.</summary>
    public double? Rate { get; init; }

    /// <summary>The part of the steps in which the rate rises; default 0.03.</summary>
    public double WarmUp { get; init; } = 0.03;

    /// <summary>Decoupled weight decay; default 0.01.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>The largest norm of all gradients together; default 1.</summary>
    public double MaxNorm { get; init; } = 1;

    /// <summary>How the tokens of an answer weigh; default <see cref="AnswerWeighting.Verdict"/>.</summary>
    public AnswerWeighting Weighting { get; init; } = AnswerWeighting.Verdict;

    /// <summary>The part of an answer's weight that its critical tokens have; default a third.</summary>
    public double Share { get; init; } = 1.0 / 3;

    /// <summary>Whether the name of what makes a category right is a critical token too, where samples mark it; default false.</summary>
    public bool WeighsOffender { get; init; }

    /// <summary>Whether layers are computed twice to save memory; default false.</summary>
    public bool Recomputes { get; init; }

    /// <summary>Default: bfloat16 on a GPU.</summary>
    public TrainingPrecision Precision { get; init; }

    /// <summary><c>cpu</c> (default) or <c>cuda</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Everything random follows from it; default 1.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>The most tiles of an image; null: the model's own number.</summary>
    public int? MaximumTiles { get; init; }

    /// <summary>The most tokens of a sample; longer ones are left out and counted; default 4096.</summary>
    public int MaximumLength { get; init; } = 4096;

    /// <summary>Steps between two looks at the refine split; default 100.</summary>
    public int EvaluateEvery { get; init; } = 100;

    /// <summary>The most samples of such a look, and of the pairs that dpo looks for; default 200. The test split is always judged whole.</summary>
    public int EvaluateSamples { get; init; } = 200;

    /// <summary>Steps between two saved states; default 100.</summary>
    public int SaveEvery { get; init; } = 100;

    /// <summary>The memory that may be used, in bytes; null: all that the machine says it has.</summary>
    public long? Memory { get; init; }

    /// <summary>Whether the finished checkpoint is converted for the engine too; default true.</summary>
    public bool Converts { get; init; } = true;

    /// <summary>How hard the reference holds the model: 0.1 for dpo, 0.04 for grpo unless given.</summary>
    public double? Beta { get; init; }

    /// <summary>How much the plain loss of right answers counts beside dpo's; default 1, as the paper's tool has it.</summary>
    public double SupervisedWeight { get; init; } = 1;

    /// <summary>Answers to each question, for grpo; default 6.</summary>
    public int Answers { get; init; } = 6;

    /// <summary>How freely grpo's answers are drawn; default 1.</summary>
    public double Temperature { get; init; } = 1;

    internal bool IsHalf => Precision == TrainingPrecision.Bf16 || (Precision == TrainingPrecision.Auto && Device == "cuda");

    internal double HighestRate => Rate ?? ((Adapter is null ? 2e-5 : 1e-4) * (Objective == TrainingObjective.Sft ? 1 : 0.1));

    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    internal void Validate()
    {
        Require(Epochs is > 0 and <= 1000 && Steps is null or > 0, "there must be something to do: epochs above 0 and at most 1000, and steps above 0");
        Require(Rows is >= 1 and <= 4096 && Accumulation is >= 1 and <= 4096, "rows and accumulation must be 1 to 4096");
        Require(HighestRate is > 0 and < 1 && WarmUp is >= 0 and < 1 && WeightDecay is >= 0 and < 1 && MaxNorm > 0, "rate, warm-up and decay must be shares below 1, and the norm above 0");
        Require(Share is > 0 and < 1, "the critical tokens' share must be above 0 and below 1");
        Require(MaximumLength >= 16 && EvaluateEvery >= 1 && SaveEvery >= 1 && EvaluateSamples >= 1, "length, evaluations and saves must be positive, the length at least 16");
        Require(Device is "cpu" or "cuda", $"the device '{Device}' is neither cpu nor cuda");
        Require(Answers is >= 2 and <= 64 && Temperature is > 0 and <= 4, "grpo needs 2 to 64 answers and a temperature above 0 and at most 4");
        Require(Objective != TrainingObjective.Grpo || Adapter is not null || Beta == 0, "grpo compares with the model as it was, which is there with an adapter only: train one (--lora), or set beta to 0 (--beta 0)");
        Require(Adapter is null || !TrainsVision, "an adapter leaves the vision tower as it is");
        static void Require(bool holds, string problem)
        {
            if (!holds)
            {
                throw new ArgumentException($"{char.ToUpperInvariant(problem[0])}{problem[1..]}.");
            }
        }
    }
}

/// <summary>A run of training can't begin or go on; the message says why and what to do.</summary>
public sealed class TrainingException : Exception
{
    /// <summary>Creates the exception.</summary>
    public TrainingException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with its cause.</summary>
    public TrainingException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>How far a run is.</summary>
/// <param name="Stage">What is being done, such as <c>Training</c>.</param>
/// <param name="Done">Steps or samples done.</param>
/// <param name="Total">Of how many.</param>
/// <param name="Loss">The last loss; null outside of training.</param>
/// <param name="Left">The time left of this stage; null: not known yet.</param>
public sealed record TrainingProgress(string Stage, int Done, int Total, double? Loss = null, TimeSpan? Left = null);
