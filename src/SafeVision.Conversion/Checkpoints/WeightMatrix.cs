using System.Numerics;

namespace SafeVision.Conversion.Checkpoints;

/// <summary>A matrix whose rows stand in stored tensors, perhaps in several and in another order, perhaps each row and each column
/// times a factor. Rows are read as float32 when they are asked for; nothing else is held.</summary>
internal sealed class WeightMatrix
{
    private readonly RowRun[] _runs;
    private readonly int[] _starts; // the first row of each run
    private readonly float[]? _factors, _columnFactors;

    private WeightMatrix(string name, RowRun[] runs, float[]? factors, float[]? columnFactors = null)
    {
        (Name, _runs, _factors, _columnFactors) = (name, runs, factors, columnFactors);
        Columns = runs[0].Tensor.RowLength;
        _starts = new int[runs.Length];
        for (int i = 0; i < runs.Length; i++)
        {
            if (runs[i].Tensor.RowLength != Columns)
            {
                throw new CheckpointException($"'{name}': is joined from rows of {Columns} and of {runs[i].Tensor.RowLength} numbers.");
            }

            _starts[i] = Rows;
            Rows = checked(Rows + runs[i].Count);
        }
    }

    /// <summary>Where it comes from, for messages and for the graph.</summary>
    public string Name { get; }

    /// <summary>Its first dimension; of a linear layer: what it yields.</summary>
    public int Rows { get; }

    /// <summary>All further dimensions; of a linear layer: what it takes.</summary>
    public int Columns { get; }

    public long Count => (long)Rows * Columns;

    /// <summary>Whether all of its numbers are stored as float16, before they are multiplied by factors.</summary>
    public bool IsHalf => _columnFactors is null && _runs.All(run => run.Tensor is { Element: TensorElement.Float16, Update: null });

    /// <summary>What each row is multiplied by; null: nothing.</summary>
    public IReadOnlyList<float>? Factors => _factors;

    /// <summary>The same without the factors.</summary>
    public WeightMatrix Unscaled => new(Name, _runs, null, _columnFactors);

    /// <summary>The whole of a stored tensor, [rows, …].</summary>
    /// <exception cref="CheckpointException">The tensor holds no plain numbers.</exception>
    public static WeightMatrix From(StoredTensor tensor) => tensor switch
    {
        { Element: not (TensorElement.Float32 or TensorElement.Float16 or TensorElement.BFloat16) } =>
            throw new CheckpointException($"Tensor '{tensor.Name}' holds {tensor.Element}; weights must be float32, float16 or bfloat16."),
        { Count: 0 } => throw new CheckpointException($"Tensor '{tensor.Name}' is empty."),
        _ => new WeightMatrix(tensor.Name, [new RowRun(tensor, 0, tensor.Shape.Count == 0 ? 1 : tensor.Shape[0])], null),
    };

    /// <summary>Several matrices, one under the other; their columns, if any are multiplied, by the same factors.</summary>
    public static WeightMatrix Stack(string name, params ReadOnlySpan<WeightMatrix> parts)
    {
        var runs = new List<RowRun>();
        bool scaled = false;
        float[]? columns = parts[0]._columnFactors;
        foreach (WeightMatrix part in parts)
        {
            if (!part._columnFactors.AsSpan().SequenceEqual(columns))
            {
                throw new InvalidOperationException($"'{name}': its parts multiply their columns by different factors.");
            }

            runs.AddRange(part._runs);
            scaled |= part._factors is not null;
        }

        var factors = new List<float>();
        foreach (WeightMatrix part in scaled ? parts : [])
        {
            factors.AddRange(part._factors ?? [.. Enumerable.Repeat(1f, part.Rows)]);
        }

        return new WeightMatrix(name, [.. runs], scaled ? [.. factors] : null, columns);
    }

    /// <summary>Some of its rows, in their order.</summary>
    public WeightMatrix Slice(string name, int first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)first + count, Rows);
        var runs = new List<RowRun>();
        for (int i = 0; i < _runs.Length; i++)
        {
            int begin = Math.Max(first, _starts[i]), end = Math.Min(first + count, _starts[i] + _runs[i].Count);
            if (begin < end)
            {
                runs.Add(new RowRun(_runs[i].Tensor, _runs[i].First + begin - _starts[i], end - begin));
            }
        }

        return new WeightMatrix(name, [.. runs], _factors?[first..(first + count)], _columnFactors);
    }

    /// <summary>The same with every row times a number.</summary>
    public WeightMatrix ScaleRows(ReadOnlySpan<float> factors)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(factors.Length, Rows);
        return new WeightMatrix(Name, _runs, Product(factors, _factors), _columnFactors);
    }

    /// <summary>The same with every column times a number.</summary>
    public WeightMatrix ScaleColumns(ReadOnlySpan<float> factors)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(factors.Length, Columns);
        return new WeightMatrix(Name, _runs, _factors, Product(factors, _columnFactors));
    }

    private static float[] Product(ReadOnlySpan<float> factors, float[]? earlier)
    {
        float[] product = factors.ToArray();
        if (earlier is not null)
        {
            TensorPrimitives.Multiply<float>(product, earlier, product);
        }

        return product;
    }

    /// <summary>Reads whole rows as float32. Thread-safe.</summary>
    /// <param name="destination">As many rows as fit, which must be a whole number that is there.</param>
    public void ReadRows(int first, Span<float> destination)
    {
        int count = destination.Length / Columns;
        int run = Array.BinarySearch(_starts, first);
        run = run < 0 ? ~run - 1 : run;
        for (int row = first; row < first + count; run++)
        {
            int skip = row - _starts[run], taken = Math.Min(_runs[run].Count - skip, first + count - row);
            Widen(_runs[run].Tensor, _runs[run].First + skip, destination.Slice((row - first) * Columns, taken * Columns));
            row += taken;
        }

        for (int i = 0; (_factors ?? _columnFactors) is not null && i < count; i++)
        {
            Span<float> row = destination.Slice(i * Columns, Columns);
            if (_factors is not null)
            {
                TensorPrimitives.Multiply(row, _factors[first + i], row);
            }

            if (_columnFactors is not null)
            {
                TensorPrimitives.Multiply(row, _columnFactors, row);
            }
        }
    }

    /// <summary>All of a small matrix, row by row.</summary>
    public float[] ToArray()
    {
        float[] values = new float[Count];
        ReadRows(0, values);
        return values;
    }

    private void Widen(StoredTensor tensor, int row, Span<float> destination)
    {
        int size = tensor.Element.Bytes(), offset = row * Columns * size, length = destination.Length * size;
        if (tensor.Element == TensorElement.Float32)
        {
            MappedFile.Copy(tensor.Bytes, offset, MemoryMarshal.AsBytes(destination));
        }
        else
        {
            byte[] stored = ArrayPool<byte>.Shared.Rent(length);
            MappedFile.Copy(tensor.Bytes, offset, stored.AsSpan(0, length));
            if (tensor.Element == TensorElement.Float16)
            {
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(stored.AsSpan(0, length)), destination);
            }
            else
            {
                WidenBFloat16(MemoryMarshal.Cast<byte, ushort>(stored.AsSpan(0, length)), MemoryMarshal.Cast<float, uint>(destination));
            }

            ArrayPool<byte>.Shared.Return(stored);
        }

        tensor.Update?.Apply(row, destination);
    }

    // A bfloat16 is the upper half of a float32.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WidenBFloat16(ReadOnlySpan<ushort> source, Span<uint> destination)
    {
        int i = 0;
        for (int width = Vector<ushort>.Count; i <= source.Length - width; i += width)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out Vector<uint> low, out Vector<uint> high);
            Vector.ShiftLeft(low, 16).CopyTo(destination[i..]);
            Vector.ShiftLeft(high, 16).CopyTo(destination[(i + (width / 2))..]);
        }

        for (; i < source.Length; i++)
        {
            destination[i] = (uint)source[i] << 16;
        }
    }

    /// <summary>Rows that stand together in one tensor.</summary>
    private readonly record struct RowRun(StoredTensor Tensor, int First, int Count);
}

/// <summary>Shares the rows of a matrix out among the processor's cores, some at a time.</summary>
internal static class RowGroups
{
    private const int ChunkNumbers = 1 << 22;
    private const int GroupNumbers = 1 << 16; // a core's cache holds them and what is made of them

    /// <summary>What is done with some rows.</summary>
    /// <param name="first">The first one's place in the matrix.</param>
    public delegate void Work(int first, ReadOnlySpan<float> rows);

    /// <summary>Makes the bytes of one row.</summary>
    /// <param name="packed">Takes its bytes.</param>
    public delegate void Pack(int row, ReadOnlySpan<float> numbers, Span<byte> packed);

    /// <summary>Writes what is made of each row, a few megabytes at a time.</summary>
    /// <param name="rowBytes">The bytes of a row.</param>
    /// <param name="pack">Called by several threads at once.</param>
    /// <exception cref="CheckpointException">As for <see cref="ForEach"/>.</exception>
    public static void Write(WeightMatrix matrix, int rowBytes, Pack pack, Stream stream)
    {
        int columns = matrix.Columns, chunk = Math.Clamp(ChunkNumbers / columns, 1, matrix.Rows);
        byte[] packed = ArrayPool<byte>.Shared.Rent(chunk * rowBytes);
        for (int first = 0; first < matrix.Rows; first += chunk)
        {
            int start = first, count = Math.Min(chunk, matrix.Rows - first);
            ForEach(matrix, start, count, (row, numbers) =>
            {
                for (int i = 0; i * columns < numbers.Length; i++)
                {
                    pack(row + i, numbers.Slice(i * columns, columns), packed.AsSpan((row + i - start) * rowBytes, rowBytes));
                }
            });
            stream.Write(packed, 0, count * rowBytes);
        }

        ArrayPool<byte>.Shared.Return(packed);
    }

    /// <summary>Does the work for all rows of a range, in no order.</summary>
    /// <param name="work">Called by several threads at once.</param>
    /// <param name="rowsAtOnce">The rows of a group; null: as many as suit the cache.</param>
    /// <exception cref="CheckpointException">Rows can't be read, or the work fails; of several failures that of the first rows.</exception>
    public static void ForEach(WeightMatrix matrix, int first, int count, Work work, int? rowsAtOnce = null)
    {
        int size = Math.Min(count, rowsAtOnce ?? Math.Max(1, GroupNumbers / matrix.Columns));
        var gate = new Lock();
        (int Group, CheckpointException? Exception) failure = (int.MaxValue, null);
        Parallel.For(
            0, (count + size - 1) / size, () => ArrayPool<float>.Shared.Rent(size * matrix.Columns),
            (group, state, buffer) =>
            {
                try
                {
                    int start = first + (group * size);
                    Span<float> rows = buffer.AsSpan(0, Math.Min(size, first + count - start) * matrix.Columns);
                    matrix.ReadRows(start, rows);
                    work(start, rows);
                }
                catch (CheckpointException exception) // several would arrive as one of another type
                {
                    state.Break(); // groups before this one are still done
                    lock (gate)
                    {
                        failure = group < failure.Group ? (group, exception) : failure;
                    }
                }

                return buffer;
            },
            buffer => ArrayPool<float>.Shared.Return(buffer));
        if (failure.Exception is { } exception)
        {
            throw exception;
        }
    }
}
