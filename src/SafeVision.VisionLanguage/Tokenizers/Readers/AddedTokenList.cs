namespace SafeVision.VisionLanguage.Tokenizers.Readers;

/// <summary>Gathers added tokens and sees that they do not contradict each other.</summary>
internal sealed class AddedTokenList
{
    private readonly SortedDictionary<int, AddedToken> _byId = [];
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);

    /// <summary>The tokens by id.</summary>
    public AddedToken[] ToArray() => [.. _byId.Values];

    public bool Contains(string content) => _ids.ContainsKey(content);

    /// <exception cref="Inference.ModelLoadException">Another token has the id or the content, or there are too many, or it is too long.</exception>
    public void Add(AddedToken token, JsonPlace place)
    {
        if (token.Content.Length is 0 or > ContentTrie.LongestContent)
        {
            throw place.Wrong($"an added token has from 1 to {ContentTrie.LongestContent} characters");
        }

        if (!_byId.TryAdd(token.Id, token) || !_ids.TryAdd(token.Content, token.Id))
        {
            throw place.Wrong($"another added token has the id {token.Id} or the content {token.Content}");
        }

        if (_byId.Count > TokenizerLimits.AddedTokens)
        {
            throw place.Wrong($"there are more than {TokenizerLimits.AddedTokens} added tokens");
        }
    }
}
