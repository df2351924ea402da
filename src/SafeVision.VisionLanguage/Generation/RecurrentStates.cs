using Microsoft.ML.OnnxRuntime.Tensors;

namespace SafeVision.VisionLanguage.Generation;

/// <summary>What a decoder's memories of fixed size hold for one sequence: as they are now, and as they were at some
/// places, since a memory can't be cut back like keys and values. Prompts that part later are resumed from the last
/// such place before. Not thread-safe.</summary>
internal sealed class RecurrentStates : IDisposable
{
    private const int MostPlaces = 4; // each as large as the memories: both ends of an image, and what was computed last

    private readonly IReadOnlyList<RecurrentTensor> _tensors;
    private readonly long[] _offsets;
    private readonly long _bytes;
    private readonly List<Place> _places = []; // the shortest first
    private readonly List<OrtValue> _bound = [];
    private NativeBuffer _current, _next;

    public RecurrentStates(IReadOnlyList<RecurrentTensor> tensors)
    {
        (_tensors, _offsets) = (tensors, new long[tensors.Count]);
        for (int i = 0; i < tensors.Count; i++)
        {
            _offsets[i] = _bytes;
            _bytes += (tensors[i].Bytes + 63) / 64 * 64;
        }

        (_current, _next) = (new NativeBuffer(_bytes), new NativeBuffer(_bytes));
    }

    /// <summary>Of how many tokens they are.</summary>
    public int Length { get; private set; }

    /// <summary>The most tokens, at most so many, at which they are known.</summary>
    public int Resumable(int length) => Length <= length ? Length : _places.FindLast(place => place.Length <= length)?.Length ?? 0;

    /// <summary>Binds what they hold, and room for what they will hold, to a run of the graph.</summary>
    public void Bind(OrtIoBinding binding)
    {
        Release();
        for (int i = 0; i < _tensors.Count; i++)
        {
            RecurrentTensor tensor = _tensors[i];
            OrtValue past = _current.Tensor(tensor.Type, tensor.Shape, _offsets[i]), present = _next.Tensor(tensor.Type, tensor.Shape, _offsets[i]);
            _bound.AddRange([past, present]);
            binding.BindInput(tensor.Past, past);
            binding.BindOutput(tensor.Present, present);
        }
    }

    /// <summary>Says that the bound run succeeded.</summary>
    public void Commit(int newTokens)
    {
        (_current, _next) = (_next, _current);
        Length += newTokens;
    }

    /// <summary>Keeps what they hold now.</summary>
    /// <param name="isLasting">Whether other places are dropped before this one.</param>
    public void Remember(bool isLasting)
    {
        if (Length == 0 || _places.Exists(place => place.Length == Length))
        {
            return;
        }

        NativeBuffer? buffer = null;
        if (_places.Count == MostPlaces)
        {
            Place dropped = _places.Find(place => !place.IsLasting) ?? _places[0];
            _places.Remove(dropped);
            buffer = dropped.Buffer;
        }

        buffer ??= new NativeBuffer(_bytes);
        NativeBuffer.Copy(_current, 0, buffer, 0, _bytes);
        _places.Add(new Place(Length, isLasting, buffer));
    }

    /// <summary>Goes back to a place.</summary>
    /// <exception cref="InvalidOperationException">They were not kept there.</exception>
    public void Rewind(int length)
    {
        Load(this, length);
        foreach (Place place in _places.FindAll(place => place.Length > length))
        {
            _places.Remove(place);
            place.Buffer.Dispose();
        }
    }

    /// <summary>Holds what others held at a place, and nothing else.</summary>
    /// <exception cref="InvalidOperationException">They were not kept there.</exception>
    public void CopyFrom(RecurrentStates source, int length)
    {
        Load(source, length);
        Forget();
        Remember(isLasting: true); // prompts parted here once
    }

    private void Load(RecurrentStates source, int length)
    {
        if (length == 0)
        {
            _current.Span<byte>(0, checked((int)_bytes)).Clear();
        }
        else if (length != source.Length || source != this)
        {
            NativeBuffer from = length == source.Length ? source._current : source._places.Find(place => place.Length == length)?.Buffer
                ?? throw new InvalidOperationException($"What the memories held at token {length} was not kept.");
            NativeBuffer.Copy(from, 0, _current, 0, _bytes);
        }

        Length = length;
    }

    private void Forget()
    {
        _places.ForEach(place => place.Buffer.Dispose());
        _places.Clear();
    }

    private void Release()
    {
        _bound.ForEach(value => value.Dispose());
        _bound.Clear();
    }

    public void Dispose()
    {
        Release();
        Forget();
        _current.Dispose();
        _next.Dispose();
    }

    /// <summary>What they held after some tokens.</summary>
    private sealed record Place(int Length, bool IsLasting, NativeBuffer Buffer);
}

/// <summary>One memory of a decoder.</summary>
/// <param name="Past">The graph's input.</param>
/// <param name="Present">The graph's output.</param>
/// <param name="Shape">[1, …], of one sequence.</param>
/// <param name="Type">Of its numbers.</param>
internal sealed record RecurrentTensor(string Past, string Present, long[] Shape, TensorElementType Type)
{
    public long Bytes { get; } = Shape.Aggregate((long)TensorElements.SizeOf(Type), (product, size) => checked(product * size));

    public static RecurrentTensor Read(ModelSession session, string past, string present)
    {
        NodeMetadata input = session.Session.InputMetadata[past];
        return new RecurrentTensor(past, present, [1, .. input.Dimensions.Skip(1).Select(size => (long)size)], input.ElementDataType);
    }
}
