package record

import (
	"bytes"
	"compress/flate"
	"io"
	"slices"
	"sync"

	"tap-livechat/tap/source"
)

// packFrom is from how much text on the records of a chat are kept packed until
// they are written: a page of 25 chats may be 25 MB, and several wait.
const packFrom = 64 << 10

// spare is how much memory beyond its text a buffer may keep.
const spare = 4 << 20

var (
	packers   = sync.Pool{New: func() any { w, _ := flate.NewWriter(nil, flate.BestSpeed); return w }} // the level is one
	unpackers = sync.Pool{New: func() any { return flate.NewReader(nil) }}
)

// pack packs the records of a chat, which are out from base on, stream by stream.
func pack(out []byte, base int, parts []source.Part) []byte {
	w := packers.Get().(*flate.Writer)
	defer packers.Put(w)
	var packed bytes.Buffer
	start := base
	for i := range parts {
		end := base + parts[i].End
		w.Reset(&packed)
		_, _ = w.Write(out[start:end]) // a buffer takes everything
		_ = w.Close()
		start, parts[i].End = end, packed.Len()
	}
	out = append(out[:base], packed.Bytes()...)
	if cap(out)-len(out) > spare {
		out = slices.Clone(out)
	}
	return out
}

// Unpack appends what was packed to dst.
func Unpack(dst, packed []byte) ([]byte, error) {
	r := unpackers.Get().(io.Reader)
	defer unpackers.Put(r)
	if err := r.(flate.Resetter).Reset(bytes.NewReader(packed), nil); err != nil {
		return dst, err
	}
	to := bytes.NewBuffer(dst)
	_, err := to.ReadFrom(r)
	return to.Bytes(), err
}
