using System.Text.Json.Nodes;
using Microsoft.ML.OnnxRuntimeGenAI;

namespace SafeVision.Peers;

/// <summary>OnnxRuntimeGenAI: greedy search over a folder with genai_config.json, in which the number of threads is set first.</summary>
internal sealed class GenAIPeer : IPeer
{
    private readonly Model _model;
    private readonly GeneratorParams _parameters;
    private readonly Generator _generator;

    public GenAIPeer(string folder, int capacity, int threads)
    {
        string path = Path.Combine(folder, "genai_config.json");
        JsonNode config = JsonNode.Parse(File.ReadAllText(path))!;
        config["model"]!["decoder"]!["session_options"]!["intra_op_num_threads"] = threads;
        File.WriteAllText(path, config.ToJsonString());
        _model = new Model(folder);
        _parameters = new GeneratorParams(_model);
        _parameters.SetSearchOption("max_length", capacity);
        _parameters.SetSearchOption("do_sample", false);
        _generator = new Generator(_model, _parameters);
    }

    public void Read(int[] ids, int known)
    {
        _generator.RewindTo((ulong)known);
        _generator.AppendTokens(ids.AsSpan(known));
        _generator.GenerateNextToken();
    }

    public void Next() => _generator.GenerateNextToken();

    public void Dispose()
    {
        _generator.Dispose();
        _parameters.Dispose();
        _model.Dispose();
    }
}
