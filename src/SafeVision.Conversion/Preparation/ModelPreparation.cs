using System.Collections.ObjectModel;

namespace SafeVision.Conversion.Preparation;

/// <summary>What is done to a vision-language model before it is written: an adapter merged, tokens added.</summary>
internal sealed class ModelPreparation : IDisposable
{
    private readonly string _source;
    private readonly LoraAdapter? _adapter;
    private readonly VocabularyPlan? _plan;

    /// <exception cref="CheckpointException">The adapter or the tokenizer can't be used.</exception>
    public ModelPreparation(string source, ConversionOptions options)
    {
        _source = source;
        _plan = options.NewTokens.Count > 0 ? VocabularyPlan.Create(source, options.NewTokens) : null;
        _adapter = options.Adapter is { } folder ? LoraAdapter.Open(folder) : null;
    }

    /// <summary>The companion files that differ from the checkpoint's, by name.</summary>
    public IReadOnlyDictionary<string, byte[]> ChangedFiles { get; private set; } = ReadOnlyDictionary<string, byte[]>.Empty;

    /// <summary>What was done, for the manifest.</summary>
    public Dictionary<string, string> Told { get; } = [];

    /// <summary>Reads a checkpoint with everything done to it. The result must be disposed before this.</summary>
    /// <exception cref="CheckpointException">The checkpoint is damaged, or the adapter or the tokens do not fit it.</exception>
    public VisionLanguageModel Read(FamilyNetwork family)
    {
        VisionLanguageModel model = family.Read(_source, _adapter);
        try
        {
            if (_adapter is not null)
            {
                _adapter.RequireUse();
                Told["adapter"] = FormattableString.Invariant($"{_adapter.Merged.Count} tensors");
            }

            RequireKnownTokens(model.Text);
            TextDecoder text = _plan is null ? model.Text : VocabularyRows.Extend(model.Text, _plan);
            if (_plan is not null)
            {
                ChangedFiles = VocabularyFiles.Extend(_source, _plan, text.Shape.Vocabulary);
                Told["newTokens"] = string.Join(' ', _plan.Added.Select(row => row.Content));
            }

            if (_adapter?.Vocabulary is { } rows)
            {
                Change("vocab_size", text.Shape.Vocabulary);
                Told["vocabulary"] = FormattableString.Invariant($"{rows} rows of the adapter");
            }

            if (text.Shape.Rotary.Limit is { } positions)
            {
                Change("max_position_embeddings", positions);
                Told["context"] = FormattableString.Invariant($"{positions} tokens");
            }

            return new VisionLanguageModel
            {
                Text = text,
                Vision = model.Vision,
                SourceFiles = [.. model.SourceFiles, .. _adapter?.Paths ?? []],
                Checkpoint = model.Checkpoint,
            };
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Sees that the tokenizer of the written folder has the new tokens.</summary>
    /// <exception cref="CheckpointException">It does not.</exception>
    public void Require(string folder) => _plan?.RequireIn(folder);

    public void Dispose() => _adapter?.Dispose();

    private void Change(string property, int size)
    {
        byte[] config = ChangedFiles.GetValueOrDefault(VocabularyFiles.Configuration)
            ?? CheckpointFile.ReadAllBytes(Path.Combine(_source, VocabularyFiles.Configuration), VocabularyFiles.LargestFile);
        ChangedFiles = new Dictionary<string, byte[]>(ChangedFiles) { [VocabularyFiles.Configuration] = VocabularyFiles.WithSize(config, property, size) };
    }

    // Rows that an adapter brings belong to tokens of the tokenizer that it was trained with. Another one would give them to
    // other tokens, and new tokens would begin from scratch in their place.
    private void RequireKnownTokens(TextDecoder text)
    {
        const string Hint = "Copy the tokenizer's files that the adapter was trained with into the checkpoint's folder; tokens that it has are left alone.";
        string[] tables = [text.Embedding.Name, text.Head.Weight.Name];
        if (_plan is { Added.Count: > 0 } && _adapter?.Replaced.FirstOrDefault(tables.Contains) is { } changed)
        {
            throw new CheckpointException($"{_adapter.Paths[^1]}: changes '{changed}', so that new tokens can't be added too: rows that were trained would be lost. {Hint}");
        }

        if (_adapter?.Vocabulary is { } rows && VocabularyPlan.Open(_source).VocabularySize is int ids && (ids > rows || ids <= _adapter.VocabularyBefore))
        {
            throw new CheckpointException($"{_adapter.Paths[^1]}: has rows for {rows} tokens where the checkpoint has {_adapter.VocabularyBefore}, but the tokenizer has {ids} ids, so the rows are not its tokens'. {Hint}");
        }
    }
}
