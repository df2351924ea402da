using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using SafeVision.VisionLanguage;
using SafeVision.VisionLanguage.Generation;

namespace SafeVision.Benchmarks.Answering;

/// <summary>
/// What no code of ours can save: ONNX Runtime's runs of the three graphs on tensors of the shapes that the engine feeds, in
/// the engine's own sessions. Only the runs are timed, not what makes the tensors.
/// </summary>
internal sealed class BareAnswers : IDisposable
{
    private readonly VisionLanguageModel _model;
    private readonly VisionLanguageModelOptions _options;
    private readonly DecoderGraph _graph;
    private readonly SharedKeyValueBuffers _cache;
    private readonly NativeBuffer _embeddings;
    private readonly NativeBuffer _integers;
    private readonly NativeBuffer _logits;
    private readonly OrtIoBinding _embed;
    private readonly OrtIoBinding _decode;
    private readonly RunOptions _run = new();

    public BareAnswers(VisionLanguageModel model, VisionLanguageModelOptions options, int capacity)
    {
        (_model, _options) = (model, options);
        _graph = new DecoderGraph(model.Sessions.Decoder, model.Sessions.Files.Names.Decoder, model.Sessions.Files.DecoderSharesCache);
        if (!_graph.SharesCache || _graph.Names.Positions is not null || _graph.Names.KeepLogits is null || model.Sessions.Files.Names.Embedding.ImageFeatures is not null)
        {
            throw new NotSupportedException("Bare runs are written for the decoders that 'safevision convert' makes.");
        }

        _cache = new SharedKeyValueBuffers(_graph, 1, capacity);
        _embeddings = new NativeBuffer((long)options.TokensPerRun * _graph.Width * sizeof(float));
        _integers = new NativeBuffer(2L * capacity * sizeof(long));
        _integers.Span<long>(0, 2 * capacity).Fill(1);
        _logits = new NativeBuffer((long)_graph.Vocabulary * sizeof(float));
        (_embed, _decode) = (model.Sessions.Embedding.Session.CreateIoBinding(), model.Sessions.Decoder.Session.CreateIoBinding());
    }

    /// <summary>The runs that an answer takes.</summary>
    public AnswerTimes Answer(Question question, int tokens)
    {
        Lap first = Look(question) + Read(question.Count), rest = default;
        for (int i = 1; i < tokens; i++)
        {
            rest += Decode(1, question.Count + i - 1);
        }

        return new AnswerTimes { First = first, Each = rest / (tokens - 1), Tokens = tokens };
    }

    /// <summary>The vision tower.</summary>
    public Lap Look(Question question)
    {
        int tiles = (int)question.Plan.PixelShape[0], tile = question.Pixels.Length / tiles;
        InferenceSession session = _model.Sessions.Vision.Session;
        Lap elapsed = default;
        for (int start = 0; start < tiles; start += _options.TilesPerRun)
        {
            int count = Math.Min(_options.TilesPerRun, tiles - start);
            using OrtIoBinding binding = session.CreateIoBinding();
            using OrtValue pixels = OrtValue.CreateTensorValueFromMemory(
                OrtMemoryInfo.DefaultInstance, question.Pixels.AsMemory(start * tile, count * tile), [count, .. question.Plan.PixelShape.Skip(1)]);
            binding.BindInput(_model.Sessions.Files.Names.Vision.PixelValues, pixels);
            binding.BindOutputToDevice(_model.Sessions.Files.Names.Vision.ImageFeatures, OrtMemoryInfo.DefaultInstance);
            elapsed += Time(session, binding);
        }

        return elapsed;
    }

    /// <summary>The prompt.</summary>
    public Lap Read(int tokens)
    {
        Lap elapsed = default;
        for (int past = 0; past < tokens; past += _options.TokensPerRun)
        {
            elapsed += Decode(Math.Min(_options.TokensPerRun, tokens - past), past);
        }

        return elapsed;
    }

    private Lap Decode(int count, int past)
    {
        using OrtValue ids = _integers.Tensor(TensorElementType.Int64, [1, count]);
        using OrtValue embeddings = _embeddings.Tensor(TensorElementType.Float, [1, count, _graph.Width]);
        _embed.BindInput(_model.Sessions.Files.Names.Embedding.InputIds, ids);
        _embed.BindOutput(_model.Sessions.Files.Names.Embedding.Embeddings, embeddings);
        Lap elapsed = Time(_model.Sessions.Embedding.Session, _embed);

        using OrtValue mask = _integers.Tensor(TensorElementType.Int64, [1, past + count]);
        using OrtValue keep = _integers.Tensor(TensorElementType.Int64, _graph.KeepLogitsShape);
        using OrtValue logits = _logits.Tensor(TensorElementType.Float, [1, 1, _graph.Vocabulary]);
        _decode.BindInput(_graph.Names.Embeddings, embeddings);
        _decode.BindInput(_graph.Names.Mask, mask);
        _decode.BindInput(_graph.Names.KeepLogits!, keep);
        _decode.BindOutput(_graph.Names.Logits, logits);
        _cache.Bind(_decode, 0, 1);
        return elapsed + Time(_graph.Session.Session, _decode);
    }

    private Lap Time(InferenceSession session, OrtIoBinding binding)
    {
        var clock = Stopclock.Start();
        session.RunWithBinding(_run, binding);
        return clock.Stop();
    }

    public void Dispose()
    {
        _embed.Dispose();
        _decode.Dispose();
        _run.Dispose();
        _cache.Dispose();
        _embeddings.Dispose();
        _integers.Dispose();
        _logits.Dispose();
    }
}
