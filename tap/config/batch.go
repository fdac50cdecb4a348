package config

import (
	"encoding/json"
	"errors"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
)

// Batch says where and how BATCH files are written.
type Batch struct {
	Root   string // the folder as a file:// URL, without a trailing slash
	Folder string // the same folder as a path
	Prefix string // of file names, without separators
	Gzip   bool
	Size   int // records in one file; above zero
}

// batch returns the result of batch_config; nil if it is not set.
func (r *reader) batch() *Batch {
	given, ok := r.given["batch_config"]
	if !ok {
		return nil
	}
	text, err := json.Marshal(given.value)
	if err != nil {
		panic(err) // it came from JSON
	}
	var b struct {
		Encoding struct{ Compression string }
		Storage  struct{ Root, Prefix string }
		Size     float64 `json:"batch_size"` // a whole number, which may be written as 1e4
	}
	if err := json.Unmarshal(text, &b); err != nil {
		panic(err) // the schema has been asked
	}
	folder, err := folderPath(b.Storage.Root)
	if err != nil {
		r.rejectInside("batch_config", "storage.root", ", which"+err.Error())
		return nil
	}
	if b.Size == 0 {
		b.Size = 10_000 // as in Meltano's SDK
	}
	return &Batch{
		Root: strings.TrimRight(b.Storage.Root, "/"), Folder: folder, Prefix: b.Storage.Prefix,
		Gzip: b.Encoding.Compression != "none", Size: int(b.Size),
	}
}

// folderPath returns the path of a file:// URL. The error's text can be appended to the
// URL.
func folderPath(root string) (string, error) {
	u, err := url.Parse(root)
	switch {
	case err != nil || u.Scheme != "file":
		return "", errors.New(" is no address")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New(" has a user, a query or a fragment")
	case u.Host != "" && u.Host != "localhost":
		return "", errors.New(" names another machine; a folder of this one has three slashes, file:///")
	}
	path := u.Path
	if runtime.GOOS == "windows" {
		path = strings.TrimPrefix(path, "/") // file:///C:/batches
	}
	if strings.Trim(path, "/") == "" || strings.ContainsRune(path, 0) {
		return "", errors.New(" names no folder")
	}
	return filepath.Clean(filepath.FromSlash(path)), nil
}
