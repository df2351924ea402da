namespace SafeVision.Engines.ClosedSet;

/// <summary>How a part of an image becomes a network's square input.</summary>
internal enum ViewShape
{
    Plain, // as the preprocessor has it: cropped or squeezed
    Mirrored, // the same, left and right exchanged
    Padded, // whole and in its own proportions, on a white square
}

/// <summary>A part of an image as a network sees it.</summary>
/// <param name="Preprocessor">How the part becomes the network's input; of a padded view: from a square of the input's size.</param>
/// <param name="Region">The part, in pixels of the frame.</param>
/// <param name="Fill">Of a padded view: the longer side as a share of the square, above 0 and at most 1.</param>
internal readonly record struct ClassifierView(ImagePreprocessor Preprocessor, ImageRegion Region, ViewShape Shape = ViewShape.Plain, double Fill = 1)
{
    /// <summary>Writes the network's input, [3, size, size].</summary>
    public void Write(ImageFrame frame, Span<float> destination)
    {
        if (Shape == ViewShape.Padded)
        {
            WritePadded(frame, destination);
            return;
        }

        Preprocessor.Write(frame.Pixels, frame.Width, frame.Height, Region, destination);
        if (Shape == ViewShape.Mirrored)
        {
            for (int row = 0; row < Preprocessor.InputLength; row += Preprocessor.InputSize)
            {
                destination.Slice(row, Preprocessor.InputSize).Reverse();
            }
        }
    }

    /// <summary>What the network really sees of a plain view (a crop leaves out its border), in fractions of the frame.</summary>
    public ImageBox VisibleRegion(ImageFrame frame)
    {
        ImageRegion visible = Preprocessor.VisibleRegion(frame.Width, frame.Height, Region);
        return new ImageBox(visible.X / frame.Width, visible.Y / frame.Height, visible.Width / frame.Width, visible.Height / frame.Height);
    }

    private void WritePadded(ImageFrame frame, Span<float> destination)
    {
        int size = Preprocessor.InputSize;
        double scale = Fill * size / Math.Max(Region.Width, Region.Height);
        int width = Math.Clamp((int)Math.Round(Region.Width * scale), 1, size), height = Math.Clamp((int)Math.Round(Region.Height * scale), 1, size);
        int resized = width * height * 3, square = size * size * 3;
        using var rented = new Scratch<byte>(resized + square);
        Span<byte> small = rented.Span[..resized], canvas = rented.Span[resized..];
        var options = new ResizeOptions(width, height, ResampleFilter.Bicubic) { Box = new ResampleBox((float)Region.X, (float)Region.Y, (float)(Region.X + Region.Width), (float)(Region.Y + Region.Height)) };
        ImageResizer.Resize(frame.Pixels, frame.Width, frame.Height, PixelLayout.Rgb24, small, options);
        canvas.Fill(byte.MaxValue);
        int left = (size - width) / 2, top = (size - height) / 2;
        for (int y = 0; y < height; y++)
        {
            small.Slice(y * width * 3, width * 3).CopyTo(canvas[((((top + y) * size) + left) * 3)..]);
        }

        Preprocessor.Write(canvas, size, size, ImageRegion.Whole(size, size), destination);
    }
}
