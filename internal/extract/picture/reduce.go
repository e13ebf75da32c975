package picture

import "image"

// reduced is a picture that is k times smaller in each direction, every pixel the
// mean of those that it stands for; the picture itself where that is not known how
// to be done. It takes a tenth of what a scaler takes that weighs each pixel, and
// leaves that one less to do.
func reduced(m image.Image, k int) image.Image {
	if k < 2 || m.Bounds().Min != (image.Point{}) {
		return m
	}
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	to := image.Rect(0, 0, smaller(w, k), smaller(h, k))
	switch m := m.(type) {
	case *image.YCbCr:
		out := *m
		out.Rect = to
		cw, ch := chroma(m.SubsampleRatio, w, h)
		out.Y, out.YStride = means(m.Y, m.YStride, w, h, 1, k)
		out.Cb, out.CStride = means(m.Cb, m.CStride, cw, ch, 1, k)
		out.Cr, _ = means(m.Cr, m.CStride, cw, ch, 1, k)
		return &out
	case *image.RGBA:
		pix, stride := means(m.Pix, m.Stride, w, h, 4, k)
		return &image.RGBA{Pix: pix, Stride: stride, Rect: to}
	case *image.Gray:
		pix, stride := means(m.Pix, m.Stride, w, h, 1, k)
		return &image.Gray{Pix: pix, Stride: stride, Rect: to}
	}
	return m // what is transparent would have to be weighed
}

func smaller(n, k int) int { return (n + k - 1) / k }

// chroma is the size of a picture's planes of colour.
func chroma(ratio image.YCbCrSubsampleRatio, w, h int) (int, int) {
	switch ratio {
	case image.YCbCrSubsampleRatio422:
		return smaller(w, 2), h
	case image.YCbCrSubsampleRatio420:
		return smaller(w, 2), smaller(h, 2)
	case image.YCbCrSubsampleRatio440:
		return w, smaller(h, 2)
	case image.YCbCrSubsampleRatio411:
		return smaller(w, 4), h
	case image.YCbCrSubsampleRatio410:
		return smaller(w, 4), smaller(h, 2)
	}
	return w, h
}

// means reduces a plane of w by h places with so many bytes each.
func means(src []byte, stride, w, h, bytes, k int) (dst []byte, dstStride int) {
	cols := smaller(w, k)
	dstStride = cols * bytes
	dst = make([]byte, dstStride*smaller(h, k))
	sums := make([]uint32, dstStride)
	for top := 0; top < h; top += k {
		rows := min(k, h-top)
		clear(sums)
		for y := top; y < top+rows; y++ {
			add(sums, src[y*stride:][:w*bytes], bytes, k)
		}
		out := dst[top/k*dstStride:][:dstStride]
		for c := range cols {
			n := uint32(rows * min(k, w-c*k))
			for b := range bytes {
				at := c*bytes + b
				out[at] = byte((sums[at] + n/2) / n)
			}
		}
	}
	return dst, dstStride
}

// add adds a row to the sums of its places, k of them to each.
func add(sums []uint32, row []byte, bytes, k int) {
	if bytes == 1 {
		for i := range sums {
			n := min(k, len(row))
			sum := uint32(0)
			for _, v := range row[:n] {
				sum += uint32(v)
			}
			sums[i] += sum
			row = row[n:]
		}
		return
	}
	for at, left := 0, k; len(row) >= bytes; row = row[bytes:] {
		for b, v := range row[:bytes] {
			sums[at+b] += uint32(v)
		}
		if left--; left == 0 {
			at, left = at+bytes, k
		}
	}
}
